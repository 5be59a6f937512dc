import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

@Suite("What servers refuse in a conversation is not sent")
struct ConversationTests {
  static let call = ToolCall(name: "get", arguments: ["count": "2", "item": "log"]).text()

  /// Blank instructions, answers and observations, and tool calls with and without text.
  static let transcript = Transcript(entries: [
    .instructions(" \n"), .prompt("You see a tree."), .response(""), .prompt(" "), .response(" \n\t"), .prompt("What?"),
    .response(call), .prompt(""), .response("Wood.\n" + call), .prompt("Got 2 log"),
  ])

  static func sent(_ api: WireAPI, tools: [ActionTool] = RobustnessTests.tools) async throws -> [String: Any] {
    try await TestServer.with(api.reply) { server in
      var request = ClientTests.request()
      (request.transcript, request.tools) = (transcript, tools)
      _ = try await api.policy(server.url, format: .tools).respond(to: request)
      return try #require(server.requests.first?.json)
    }
  }

  @Test("Chat: no turn is blank, ids are nine letters and digits, content stands beside calls")
  func chat() async throws {
    let messages = try #require(try await Self.sent(.chat)["messages"] as? [[String: Any]])
    #expect(
      messages.map { $0["role"] as? String }
        == ["system", "user", "assistant", "user", "assistant", "user", "assistant", "tool", "assistant", "tool"])
    let contents = messages.map { $0["content"] as? String }
    #expect(
      contents == [
        " \n", "You see a tree.", "(no answer)", "(nothing)", "(no answer)", "What?", "", "(nothing)", "Wood.",
        "Got 2 log",
      ])
    let ids = messages.compactMap { ($0["tool_calls"] as? [[String: Any]])?.first?["id"] as? String }
    #expect(ids.count == 2 && Set(ids).count == 2)
    for id in ids { #expect(id.wholeMatch(of: /[A-Za-z0-9]{9}/) != nil, "\(id)") }
    #expect(messages.compactMap { $0["tool_call_id"] as? String } == ids)
  }

  @Test("Messages: no blank block, the instructions' included")
  func messages() async throws {
    let sent = try await Self.sent(.messages)
    #expect(sent["system"] == nil)
    let messages = try #require(sent["messages"] as? [[String: Any]])
    let blocks = messages.flatMap { $0["content"] as? [[String: Any]] ?? [] }
    #expect(messages.first?["role"] as? String == "user")
    for block in blocks where block["type"] as? String == "text" {
      #expect((block["text"] as? String)?.contains { !$0.isWhitespace } == true)
    }
    let (uses, results) = (
      blocks.compactMap { $0["id"] as? String }, blocks.compactMap { $0["tool_use_id"] as? String }
    )
    #expect(uses.count == 2 && uses == results)
  }

  @Test("Responses: no blank turn, calls and results under one id")
  func responses() async throws {
    let items = try #require(try await Self.sent(.responses)["input"] as? [[String: Any]])
    #expect(
      items.map { $0["role"] as? String ?? $0["type"] as? String }
        == [
          "system", "user", "assistant", "user", "assistant", "user", "function_call", "function_call_output",
          "assistant", "function_call", "function_call_output",
        ])
    let (calls, results) = (items.filter { $0["name"] != nil }, items.filter { $0["output"] != nil })
    #expect(calls.map { $0["call_id"] as? String } == results.map { $0["call_id"] as? String })
    let said = items[2]["content"] as? [[String: String]]
    #expect(results.first?["output"] as? String == "(nothing)" && said?.first?["text"] == "(no answer)")
  }

  @Test("A blank answer is an answer without an action, in every format", arguments: ActionFormat.allCases)
  func blank(format: ActionFormat) {
    for text in ["", " \n"] {
      #expect(!format.action(in: text, choices: nil, tools: RobustnessTests.tools).isParsed)
      #expect(!format.action(in: text, choices: ["a"], tools: [.act(choices: ["a"])]).isParsed)
    }
  }
}

/// The chat APIs, each with its minimal answer.
enum WireAPI: String, CaseIterable, Sendable {
  case chat, messages, responses

  static let rules = CallRules(retry: RetryRule(attempts: 3, base: 0.01, most: 1, waitsOutOutages: false), timeout: 10)

  func policy(
    _ url: String, key: String? = nil, format: ActionFormat = .plain, temperature: Double? = 1, topP: Double? = nil
  ) -> any Policy { policy(ServerAccess(url: url, key: key), format: format, temperature: temperature, topP: topP) }

  func policy(
    _ access: ServerAccess, format: ActionFormat = .plain, temperature: Double? = 1, topP: Double? = nil
  ) -> any Policy {
    switch self {
    case .chat:
      ChatCompletionsPolicy(
        access,
        settings: .init(
          model: "m", format: format, temperature: temperature, topP: topP, maxTokens: 64, rules: Self.rules))
    case .messages:
      AnthropicPolicy(
        access,
        settings: .init(
          model: "m", format: format, temperature: temperature, topP: topP, maxTokens: 64, rules: Self.rules))
    case .responses:
      ResponsesPolicy(
        access,
        settings: .init(
          model: "m", format: format, temperature: temperature, topP: topP, maxTokens: 64, rules: Self.rules))
    }
  }

  /// An answer with the text `red`.
  var answer: String {
    switch self {
    case .chat: ClientTests.chat("red")
    case .messages: AnthropicTests.message
    case .responses:
      #"{"status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"red"}]}]}"#
    }
  }

  var reply: @Sendable (TestServer.Request) -> TestServer.Reply {
    let answer = answer
    return { _ in .answer(200, answer) }
  }
}
