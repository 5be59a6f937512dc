import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

@Suite("The client of the Responses API, against its documented shapes")
struct ResponsesTests {
  static func settings(_ format: ActionFormat = .plain) -> ResponsesPolicy.Settings {
    ResponsesPolicy.Settings(
      model: "m", format: format, temperature: 0.7, topP: 0.9, maxTokens: 64,
      rules: CallRules(retry: RetryRule(attempts: 3, base: 0.01, most: 1, waitsOutOutages: false), timeout: 10))
  }

  static func ask(
    _ settings: ResponsesPolicy.Settings = settings(), choices: [String]? = nil, tools: [ActionTool] = [],
    _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (Result<PolicyResponse, PolicyError>, [TestServer.Request]) {
    try await TestServer.with(reply) { server in
      let policy = ResponsesPolicy(url: server.url, key: "planted-secret", settings: settings)
      var request = ClientTests.request(choices: choices)
      request.tools = tools
      do throws(PolicyError) {
        return (.success(try await policy.respond(to: request)), server.requests)
      } catch { return (.failure(error), server.requests) }
    }
  }

  static func message(_ parts: String, more: String = "") -> String {
    #"""
    {"id":"resp_1","object":"response","status":"completed","output":[{"type":"reasoning","id":"rs_1",
    "summary":[{"type":"summary_text","text":"hm"}]},{"type":"new_kind","x":1},
    {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[\#(parts)]}],
    "usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":16},"output_tokens":9,
    "output_tokens_details":{"reasoning_tokens":7},"total_tokens":29}\#(more)}
    """#
  }

  static func text(_ text: String) -> String {
    #"{"type":"output_text","text":\#(ClientTests.quoted(text)),"annotations":[]}"#
  }

  @Test("Sends turns and settings, keeps nothing at the server; reads text, thoughts and every kind of token")
  func shapes() async throws {
    var settings = Self.settings()
    settings.reasoningEffort = "low"
    let (result, requests) = try await Self.ask(settings) { _ in .answer(200, Self.message(Self.text(" red "))) }
    #expect(
      try result.get()
        == PolicyResponse(
          "red", reasoning: "hm",
          usage: Usage(inputTokens: 20, cachedInputTokens: 16, outputTokens: 9, reasoningTokens: 7)))
    let sent = try #require(requests.first)
    #expect(sent.path == "/v1/responses" && sent.headers["authorization"] == "Bearer planted-secret")
    let input = try #require(sent.json["input"] as? [[String: Any]])
    #expect(input.map { $0["role"] as? String } == ["system", "user", "assistant", "user"])
    #expect(input.map { $0["type"] as? String } == [nil, nil, "message", nil])
    #expect((input[2]["content"] as? [[String: String]])?.first?["type"] == "output_text")
    #expect(input.last?["content"] as? String == "red or blue?")
    #expect(sent.json["temperature"] as? Double == 0.7 && sent.json["top_p"] as? Double == 0.9)
    #expect(sent.json["max_output_tokens"] as? Int == 64 && sent.json["store"] as? Bool == false)
    #expect((sent.json["reasoning"] as? [String: Any])?["effort"] as? String == "low")
    for key in ["seed", "n", "stop", "include", "tools", "text"] { #expect(sent.json[key] == nil) }
  }

  @Test("A ReAct answer is read from its text")
  func react() async throws {
    let (result, _) = try await Self.ask(Self.settings(.react)) { _ in
      .answer(200, Self.message(Self.text("Thought: red\nAction: take red")))
    }
    #expect(ActionFormat.react.action(in: try result.get().text, choices: nil) == .act("take red"))
  }

  @Test("Choices are held by a schema, which is read back, and not sent again where it is refused")
  func schema() async throws {
    let (result, requests) = try await Self.ask(choices: ["red", "blue"]) { _ in
      .answer(200, Self.message(Self.text(#"{"choice": "blue"}"#)))
    }
    #expect(try result.get().text == "blue")
    let format = (requests.first?.json["text"] as? [String: Any])?["format"] as? [String: Any]
    #expect(format?["type"] as? String == "json_schema" && format?["name"] as? String == "choice")
    let (free, again) = try await Self.ask(choices: ["red", "blue"]) { request in
      request.json["text"] == nil
        ? .answer(200, Self.message(Self.text("blue")))
        : .answer(400, #"{"error":{"message":"Unsupported parameter: text.format"}}"#)
    }
    #expect(try free.get().text == "blue" && again.count == 2)
  }

  @Test("Tools are offered and called; each flag that a server does not know goes")
  func tools() async throws {
    let (result, requests) = try await Self.ask(Self.settings(.tools), tools: RobustnessTests.tools) { _ in
      .answer(200, ThoughtsTests.reasoning)
    }
    let response = try result.get()
    #expect(
      ActionFormat.tools.action(in: response.text, choices: nil, tools: RobustnessTests.tools) == .act("get 2 log"))
    #expect(response.reasoning == "hm" && response.usage.reasoningTokens == 7)
    let sent = try #require(requests.first?.json)
    #expect(sent["tool_choice"] as? String == "required" && sent["parallel_tool_calls"] as? Bool == false)
    let tool = (sent["tools"] as? [[String: Any]])?.first
    #expect(tool?["type"] as? String == "function" && tool?["name"] as? String == "get")
    #expect((tool?["parameters"] as? [String: Any])?["required"] as? [String] == ["count", "item"])

    let (plain, tries) = try await Self.ask(Self.settings(.tools), tools: RobustnessTests.tools) { request in
      for (key, words) in [
        ("include", "Encrypted content is not supported with this model."),
        ("parallel_tool_calls", "Unknown parameter: 'parallel_tool_calls'"), ("tool_choice", "bad tool_choice"),
      ] where request.json[key] != nil {
        return .answer(400, #"{"error":{"message":"\#(words)"}}"#)
      }
      return .answer(200, ThoughtsTests.reasoning)
    }
    #expect(try plain.get().text.contains("get") && tries.count == 4)
  }

  @Test("A refusal, an answer cut off, one without a word and a call that is no JSON are answers")
  func odd() async throws {
    for (body, text) in [
      (Self.message(#"{"type":"refusal","refusal":"I won't"}"#), "I won't"),
      (
        Self.message(Self.text("Thought: so")).replacing(
          #""status":"completed","output""#,
          with: #""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output""#),
        "Thought: so"
      ), (#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}"#, ""),
      (#"{"output":[{"type":"function_call","name":"get","arguments":"{\"co"}]}"#, #"get {"co"#),
    ] {
      let (result, requests) = try await Self.ask { _ in .answer(200, body) }
      #expect(try result.get().text == text)
      #expect(requests.count == 1)
    }
  }

  @Test(
    "Failures inside an answer of status 200",
    arguments: [
      (
        #"{"status":"failed","error":{"code":"server_error","message":"oops planted-secret"},"output":[]}"#,
        .serverFailed
      ),
      (#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"},"output":[]}"#, .rateLimited),
      (#"{"status":"failed","error":{"code":"invalid_prompt","message":"no"},"output":[]}"#, .contentRefused),
      (#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}"#, .contentRefused),
      (#"{"status":"in_progress","output":[]}"#, .malformedAnswer), ("{}", .malformedAnswer),
    ] as [(String, PolicyError.Kind)])
  func failures(body: String, kind: PolicyError.Kind) async throws {
    let (result, requests) = try await Self.ask { _ in .answer(200, body) }
    let error = #expect(throws: PolicyError.self) { try result.get() }
    #expect(error?.kind == kind && error?.message.contains("planted-secret") == false)
    #expect(requests.count == (error?.isRetryable == true ? 3 : 1))
  }

  @Test func logProbabilitiesAreSummed() async throws {
    var settings = Self.settings()
    settings.logProbabilities = true
    let part =
      #"{"type":"output_text","text":"red","logprobs":[{"token":"r","logprob":-0.5},{"token":"ed","logprob":-1}]}"#
    let (result, requests) = try await Self.ask(settings) { _ in .answer(200, Self.message(part)) }
    #expect(try result.get().logProbability == -1.5)
    #expect(requests.first?.json["include"] as? [String] == ["message.output_text.logprobs"])
  }
}
