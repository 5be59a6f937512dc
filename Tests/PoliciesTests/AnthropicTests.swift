import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

@Suite("The client of Anthropic's Messages API, against its documented shapes")
struct AnthropicTests {
  static func settings(_ format: ActionFormat = .plain) -> AnthropicPolicy.Settings {
    AnthropicPolicy.Settings(
      model: "m", format: format, temperature: 0.7, maxTokens: 64,
      rules: CallRules(retry: RetryRule(attempts: 3, base: 0.01, most: 1, waitsOutOutages: false), timeout: 10))
  }

  static func ask(
    _ settings: AnthropicPolicy.Settings = settings(), transcript: Transcript = ClientTests.transcript,
    tools: [ActionTool] = [], _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (Result<PolicyResponse, PolicyError>, [TestServer.Request]) {
    try await TestServer.with(reply) { server in
      let policy = AnthropicPolicy(url: server.url, key: "planted-secret", settings: settings)
      var request = ClientTests.request()
      (request.transcript, request.tools) = (transcript, tools)
      do throws(PolicyError) {
        return (.success(try await policy.respond(to: request)), server.requests)
      } catch { return (.failure(error), server.requests) }
    }
  }

  static let message = """
    {"id":"msg_1","type":"message","role":"assistant","model":"m","stop_reason":"end_turn","stop_sequence":null,
     "content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":" red "},{"type":"new","x":1}],
     "usage":{"input_tokens":7,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":9,
     "service_tier":"standard"}}
    """

  @Test("Sends the key, the version, the system prompt and cache marks; reads text, thoughts and every kind of token")
  func shapes() async throws {
    let (result, requests) = try await Self.ask { _ in .answer(200, Self.message) }
    let response = try result.get()
    #expect(response.text == "red" && response.reasoning == "hm")
    #expect(
      response.usage == Usage(inputTokens: 127, cachedInputTokens: 100, cacheWriteTokens: 20, outputTokens: 9))
    let pricing = Pricing(
      inputPerMillion: 3_000_000, cachedInputPerMillion: 300_000, cacheWritePerMillion: 3_750_000,
      outputPerMillion: 15_000_000)
    #expect(abs(pricing.cost(of: response.usage) - (7 * 3 + 100 * 0.3 + 20 * 3.75 + 9 * 15)) < 1e-9)
    let sent = try #require(requests.first)
    #expect(sent.path == "/v1/messages" && sent.headers["x-api-key"] == "planted-secret")
    #expect(sent.headers["anthropic-version"] == "2023-06-01" && sent.headers["authorization"] == nil)
    let system = sent.json["system"] as? [[String: Any]]
    #expect(system?.first?["text"] as? String == "Choose." && system?.last?["cache_control"] != nil)
    let messages = try #require(sent.json["messages"] as? [[String: Any]])
    #expect(messages.map { $0["role"] as? String } == ["user", "assistant", "user"])
    func blocks(_ place: Int) -> [[String: Any]] { messages[place]["content"] as? [[String: Any]] ?? [] }
    #expect(blocks(2).last?["cache_control"] != nil && blocks(0).last?["cache_control"] == nil)
    #expect(blocks(2).first?["text"] as? String == "red or blue?")
    #expect(sent.json["max_tokens"] as? Int == 64 && sent.json["temperature"] as? Double == 0.7)
    #expect(sent.json["seed"] == nil && sent.json["n"] == nil)
  }

  @Test func thinkingSamplesAtOne() async throws {
    var settings = Self.settings()
    (settings.thinking, settings.maxTokens, settings.cachesPrompts) = (.tokens(1_024), 2_048, false)
    let (_, requests) = try await Self.ask(settings) { _ in .answer(200, Self.message) }
    let sent = try #require(requests.first?.json)
    #expect((sent["thinking"] as? [String: Any])?["budget_tokens"] as? Int == 1_024 && sent["temperature"] == nil)
    #expect(!String(decoding: try #require(requests.first?.body), as: UTF8.self).contains("cache_control"))
  }

  @Test("A tool's call is read, and goes out again with its result")
  func tools() async throws {
    let answer = """
      {"type":"message","content":[{"type":"text","text":"Wood."},{"type":"tool_use","id":"t1","name":"get",
      "input":{"count":2,"item":"log"}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}
      """
    let (result, requests) = try await Self.ask(Self.settings(.tools), tools: RobustnessTests.tools) { _ in
      .answer(200, answer)
    }
    let text = try result.get().text
    #expect(
      ActionFormat.tools.action(in: text, choices: nil, tools: RobustnessTests.tools) == .act("get 2 log"))
    let choice = requests.first?.json["tool_choice"] as? [String: Any]
    #expect(choice?["type"] as? String == "any" && choice?["disable_parallel_tool_use"] as? Bool == true)
    let later = Transcript(entries: [.prompt("Tree."), .response(text), .prompt("Got 2 log")])
    let (_, again) = try await Self.ask(Self.settings(.tools), transcript: later, tools: RobustnessTests.tools) { _ in
      .answer(200, answer)
    }
    let messages = try #require(again.first?.json["messages"] as? [[String: Any]])
    let (use, given) = (messages[1]["content"] as? [[String: Any]], messages[2]["content"] as? [[String: Any]])
    #expect(use?.map { $0["type"] as? String } == ["text", "tool_use"])
    #expect(given?.first?["type"] as? String == "tool_result")
    #expect(use?.last?["id"] as? String == given?.first?["tool_use_id"] as? String)
  }

  @Test(
    "Its errors",
    arguments: [
      (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", .contextTooLong),
      (400, "invalid_request_error", "temperature: range: 0..1", .badRequest),
      (401, "authentication_error", "invalid x-api-key planted-secret", .unauthorized),
      (402, "billing_error", "no credit", .outOfCredit), (403, "permission_error", "no", .unauthorized),
      (404, "not_found_error", "model: m", .unknownModel), (413, "request_too_large", "big", .contextTooLong),
      (429, "rate_limit_error", "slow", .rateLimited), (500, "api_error", "oops", .serverFailed),
      (504, "timeout_error", "late", .serverFailed), (529, "overloaded_error", "Overloaded", .serverFailed),
    ] as [(Int, String, String, PolicyError.Kind)])
  func errors(status: Int, type: String, message: String, kind: PolicyError.Kind) async throws {
    let body = #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"},"request_id":"req_1"}"#
    let (result, requests) = try await Self.ask { _ in .answer(status, body) }
    let error = #expect(throws: PolicyError.self) { try result.get() }
    #expect(error?.kind == kind)
    #expect(requests.count == (error?.isRetryable == true ? 3 : 1))
    #expect(error?.message.contains("planted-secret") == false)
  }

  @Test func aRefusalIsAnAnswerWithoutAnAction() async throws {
    let (result, requests) = try await Self.ask { _ in
      .answer(
        200,
        #"{"type":"message","content":[],"stop_reason":"refusal","usage":{"input_tokens":5,"output_tokens":0}}"#)
    }
    #expect(try result.get() == PolicyResponse("", usage: Usage(inputTokens: 5)))
    #expect(requests.count == 1)
    let (broken, tries) = try await Self.ask { _ in .answer(200, #"{"type":"message"}"#) }
    #expect(throws: PolicyError.self) { try broken.get() }
    #expect(tries.count == 3)
  }
}
