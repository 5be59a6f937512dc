import Agents
import Foundation
import TestSupport
import Testing

@testable import Policies

@Suite("Settings that a server refuses")
struct RefusedSettingsTests {
  /// Answers requests without this key. Refuses others with this message.
  static func refusing(_ key: String, _ words: String, by api: WireAPI)
    -> @Sendable (TestServer.Request) -> TestServer.Reply
  {
    let answer = api.answer
    return { request in
      request.json[key] == nil
        ? .answer(200, answer)
        : .answer(400, #"{"type":"error","error":{"type":"invalid_request_error","message":"\#(words)"}}"#)
    }
  }

  static let wordings: [(key: String, words: String)] = [
    ("temperature", "Unsupported parameter: 'temperature' is not supported with this model."),
    (
      "temperature",
      "Unsupported value: 'temperature' does not support 1.0 with this model. Only the default (1) value is supported."
    ),
    ("temperature", "`temperature` is deprecated for this model."),
    ("top_p", "Unsupported parameter: 'top_p' is not supported with this model."),
    ("top_p", "`top_p` is deprecated for this model."),
  ]

  @Test("A temperature or top-p of 1 is left out from then on", arguments: WireAPI.allCases, wordings.indices)
  func leftOut(api: WireAPI, index: Int) async throws {
    let (key, words) = Self.wordings[index]
    try await TestServer.with(Self.refusing(key, words, by: api)) { server in
      let policy = api.policy(server.url, temperature: 1, topP: key == "top_p" ? 1 : nil)
      for _ in 0..<2 {
        let response = try await policy.respond(to: ClientTests.request())
        #expect(response.text == "red")
      }
      #expect(server.requests.map { $0.json[key] != nil } == [true, false, false])
    }
  }

  @Test("Any other is not, and the error names the key to set", arguments: WireAPI.allCases, wordings.indices)
  func named(api: WireAPI, index: Int) async throws {
    let (key, words) = Self.wordings[index]
    try await TestServer.with(Self.refusing(key, words, by: api)) { server in
      let policy =
        key == "top_p" ? api.policy(server.url, temperature: 1, topP: 0.9) : api.policy(server.url, temperature: 0.7)
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
      let message = error?.message ?? ""
      #expect(error?.kind == .badRequest && message.contains("none"), "\(message)")
      #expect(message.contains(key == "top_p" ? "policy.topP is 0.9" : "policy.temperature is 0.7"), "\(message)")
      #expect(server.requests.count == 1)
    }
  }

  @Test("`none` sends neither", arguments: WireAPI.allCases)
  func none(api: WireAPI) async throws {
    try await TestServer.with(api.reply) { server in
      _ = try await api.policy(server.url, temperature: nil).respond(to: ClientTests.request())
      let sent = try #require(server.requests.first?.json)
      #expect(sent["temperature"] == nil && sent["top_p"] == nil)
    }
    // Another temperature gives another distribution and therefore another identity. Earlier settings keep their
    // identity.
    #expect(api.policy("", temperature: nil).identity.contains("T none"))
    #expect(api.policy("", temperature: 1).identity.contains("T 1.0"))
  }

  @Test("Efforts and thoughts that are refused are named")
  func thinking() async throws {
    var chat = ClientTests.settings()
    chat.reasoningEffort = "minimal"
    let effort = "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model."
    try await TestServer.with(Self.refusing("reasoning_effort", effort, by: .chat)) { [chat] server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: chat)
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
      #expect(error?.message.contains("policy.reasoningEffort is minimal") == true, "\(error?.message ?? "")")
    }
    var claude = AnthropicTests.settings()
    (claude.temperature, claude.thinking, claude.maxTokens) = (1, .tokens(1_024), 2_048)
    let enabled =
      "`thinking.type.enabled` is not supported for this model. Use `thinking.type.adaptive` and `output_config.effort` to control thinking behavior."
    try await TestServer.with(Self.refusing("thinking", enabled, by: .messages)) { [claude] server in
      let policy = AnthropicPolicy(url: server.url, key: nil, settings: claude)
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
      let message = error?.message ?? ""
      #expect(message.contains("policy.thinkingTokens is 1024") && message.contains("`adaptive`"), "\(message)")
    }
    claude.thinking = .adaptive
    claude.effort = "low"
    try await TestServer.with(WireAPI.messages.reply) { [claude] server in
      _ = try await AnthropicPolicy(url: server.url, key: nil, settings: claude).respond(to: ClientTests.request())
      let sent = try #require(server.requests.first?.json)
      #expect((sent["thinking"] as? [String: Any])?["type"] as? String == "adaptive")
      #expect((sent["output_config"] as? [String: Any])?["effort"] as? String == "low" && sent["temperature"] == nil)
    }
  }

  @Test("Identities are those of before wherever the answers are")
  func identities() {
    var chat = ChatCompletionsPolicy.Settings(model: "m", format: .tools, temperature: 0.7, topP: 0.9, maxTokens: 5)
    chat.reasoningEffort = "none"
    #expect(
      ChatCompletionsPolicy(url: "", settings: chat).identity == "m chat tools T 0.7 topP 0.9 effort none max 5 auto")
    var claude = AnthropicPolicy.Settings(model: "m", format: .react, maxTokens: 2_048)
    #expect(AnthropicPolicy(url: "", key: nil, settings: claude).identity == "m messages react T 1.0 max 2048")
    claude.thinking = .tokens(1_024)
    #expect(
      AnthropicPolicy(url: "", key: nil, settings: claude).identity == "m messages react T 1.0 thinking 1024 max 2048")
  }
}
