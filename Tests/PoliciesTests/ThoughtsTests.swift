import Agents
import Foundation
import TestSupport
import Testing

@testable import Policies

@Suite("Thoughts that a server wants back beside a call")
struct ThoughtsTests {
  /// A request at the second step of an agent. The answer to the first question is part of it.
  static func requests(after response: PolicyResponse?) -> PolicyRequest {
    var request = ClientTests.request()
    request.tools = RobustnessTests.tools
    request.transcript = Transcript(entries: [.instructions("Craft."), .prompt("Tree.")])
    guard let response else { return request }
    var trajectory = Trajectory(task: AgentTask(id: "t", request: "", stepLimit: 9), opening: Observation("Tree."))
    var step = Step(
      response: response.text, action: .act("get 2 log"),
      outcome: Outcome(Observation("Got 2 log"), reward: 0, isDone: false))
    step.continuation = response.continuation
    trajectory.append(step)
    request.transcript = Prompting("Craft.").transcript(for: trajectory)
    return request
  }

  /// The second request, after a first answer.
  static func second(_ policy: (String) -> any Policy, _ answer: String) async throws -> [String: Any] {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(200, answer) }
    return try await TestServer.with(reply) { server in
      let policy = policy(server.url)
      let first = try await policy.respond(to: requests(after: nil))
      #expect(policy.format.action(in: first.text, choices: nil, tools: RobustnessTests.tools) == .act("get 2 log"))
      // The response as it is read from a store.
      let stored = try JSONDecoder().decode(PolicyResponse.self, from: try JSONEncoder().encode(first))
      _ = try await policy.respond(to: requests(after: stored))
      return try #require(server.requests.last?.json)
    }
  }

  static func chatAnswer(_ message: String, _ call: String = "") -> String {
    #"{"choices":[{"message":{"content":null,\#(message)"tool_calls":[{"id":"x","type":"function",\#(call)"function":{"name":"get","arguments":"{\"count\": \"2\", \"item\": \"log\"}"}}]}}]}"#
  }

  @Test(
    "Chat: under the names that they came with",
    arguments: [
      (#""reasoning_content":"hm","#, "", ["reasoning_content"]), (#""reasoning":"hm","#, "", ["reasoning"]),
      (
        #""reasoning":"hm","reasoning_details":[{"type":"reasoning.encrypted","data":"QQ==","index":0}],"#, "",
        ["reasoning", "reasoning_details"]
      ),
      ("", #""extra_content":{"google":{"thought_signature":"c2ln"}},"#, ["extra_content"]), ("", "", []),
    ] as [(String, String, [String])])
  func chat(message: String, call: String, keys: [String]) async throws {
    let sent = try await Self.second({ WireAPI.chat.policy($0, format: .tools) }, Self.chatAnswer(message, call))
    let turn = try #require((sent["messages"] as? [[String: Any]])?[2])
    let called = try #require((turn["tool_calls"] as? [[String: Any]])?.first)
    let all = ["reasoning_content", "reasoning", "reasoning_details", "extra_content"]
    #expect(all.filter { turn[$0] != nil || called[$0] != nil } == all.filter(keys.contains))
    if keys.contains("reasoning_content") { #expect(turn["reasoning_content"] as? String == "hm") }
    if keys.contains("reasoning_details") {
      #expect((turn["reasoning_details"] as? [[String: Any]])?.first?["data"] as? String == "QQ==")
    }
  }

  @Test("A server that refuses them gets none from then on")
  func refused() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      String(decoding: request.body, as: UTF8.self).contains("reasoning_content")
        ? .answer(400, #"{"error":{"message":"The `reasoning_content` is not allowed in the input messages."}}"#)
        : .answer(200, Self.chatAnswer(#""reasoning_content":"hm","#))
    }
    try await TestServer.with(reply) { server in
      let policy = WireAPI.chat.policy(server.url, format: .tools)
      let first = try await policy.respond(to: Self.requests(after: nil))
      for _ in 0..<2 { _ = try await policy.respond(to: Self.requests(after: first)) }
      #expect(server.requests.count == 4)
    }
  }

  static let thinking = """
    {"type":"message","content":[{"type":"thinking","thinking":"hm","signature":"c2ln+/=="},
    {"type":"redacted_thinking","data":"b3BhcXVl"},{"type":"text","text":"Wood.","citations":null},
    {"type":"thinking","thinking":"again","signature":"Mg=="},
    {"type":"tool_use","id":"toolu_1","name":"get","input":{"count":2,"item":"log"},"caller":{"type":"direct"}},
    {"type":"text","text":"later"}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}
    """

  @Test(
    "Messages: the blocks as they came, signed and in their order; thinking forces no call and goes on between calls")
  func messages() async throws {
    var settings = AnthropicTests.settings(.tools)
    (settings.temperature, settings.thinking, settings.maxTokens) = (1, .tokens(1_024), 2_048)
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(200, Self.thinking) }
    try await TestServer.with(reply) { [settings] server in
      let policy = AnthropicPolicy(url: server.url, key: nil, settings: settings)
      let first = try await policy.respond(to: Self.requests(after: nil))
      #expect(first.reasoning == "hm\nagain")
      _ = try await policy.respond(to: Self.requests(after: first))
      let sent = try #require(server.requests.last)
      #expect(sent.headers["anthropic-beta"] == "interleaved-thinking-2025-05-14")
      #expect((sent.json["tool_choice"] as? [String: Any])?["type"] as? String == "auto")
      let messages = try #require(sent.json["messages"] as? [[String: Any]])
      let blocks = try #require(messages[1]["content"] as? [[String: Any]])
      #expect(
        blocks.map { $0["type"] as? String } == ["thinking", "redacted_thinking", "text", "thinking", "tool_use"])
      #expect(blocks[0]["signature"] as? String == "c2ln+/==" && blocks[1]["data"] as? String == "b3BhcXVl")
      #expect(Set(blocks[2].keys) == ["type", "text"] && Set(blocks[4].keys) == ["type", "id", "name", "input"])
      #expect((blocks[4]["input"] as? [String: Any])?["count"] as? Int == 2)
      let results = messages[2]["content"] as? [[String: Any]]
      #expect(results?.first?["tool_use_id"] as? String == blocks[4]["id"] as? String)
    }
  }

  static let reasoning = """
    {"status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],
    "encrypted_content":"b3BhcXVl","status":null},{"type":"reasoning","id":"rs_2","summary":[]},
    {"type":"function_call","id":"fc_1","call_id":"call_abcdef","name":"get","arguments":"{\\"count\\":2,\\"item\\":\\"log\\"}",
    "status":"completed"},{"type":"function_call","call_id":"call_2","name":"look","arguments":"{}"}],
    "usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":16},"output_tokens":9,
    "output_tokens_details":{"reasoning_tokens":7}}}
    """

  @Test("Responses: reasoning items as they came, before their call; those that only the server has are left out")
  func responses() async throws {
    let sent = try await Self.second({ WireAPI.responses.policy($0, format: .tools) }, Self.reasoning)
    let items = try #require(sent["input"] as? [[String: Any]])
    #expect(
      items.map { $0["type"] as? String ?? $0["role"] as? String }
        == ["system", "user", "reasoning", "function_call", "function_call_output"])
    #expect(items[2]["encrypted_content"] as? String == "b3BhcXVl" && items[2]["status"] == nil)
    #expect(items[3]["call_id"] as? String == items[4]["call_id"] as? String && items[3]["id"] as? String == "fc_1")
    #expect(sent["include"] as? [String] == ["reasoning.encrypted_content"] && sent["store"] as? Bool == false)
  }

  @Test("What has to go back is part of the question; without it the question is the one of before")
  func digests() {
    let plain = Transcript(entries: [.prompt("p"), .response("r"), .prompt("q")])
    let rich = Transcript(entries: [.prompt("p"), .continuation("c"), .response("r"), .prompt("q")])
    func digest(_ transcript: Transcript) -> String {
      var request = ClientTests.request()
      request.transcript = transcript
      return request.digest
    }
    #expect(digest(plain) != digest(rich))
    // The digest from before continuations existed.
    #expect(digest(ClientTests.transcript) == "488d83048e16e00d11408b750f89f24d")
    #expect(plain.joined() == rich.joined())
  }
}
