import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

@Suite(
  "Requests fit the types of PyPI's openai and anthropic",
  .enabled(if: TypeModels.python != nil, "no openai and anthropic beside Python"))
struct TypeModelTests {
  @Test("Every format, with and without thoughts, blank turns and settings", arguments: WireAPI.allCases)
  func requests(api: WireAPI) async throws {
    let bodies = try await TestServer.with(api.reply) { server in
      for format in ActionFormat.allCases {
        for temperature in [nil, 1.0] {
          var request = ClientTests.request(choices: format == .plain ? ["red", "blue"] : nil)
          request.transcript = ConversationTests.transcript
          request.tools = format == .tools ? RobustnessTests.tools : []
          _ = try await api.policy(server.url, format: format, temperature: temperature).respond(to: request)
        }
      }
      for policy in Self.rich(server.url) where api == policy.api {
        let first = PolicyResponse(ConversationTests.call)
        for continuation in [nil, policy.continuation] {
          var response = first
          response.continuation = continuation
          _ = try await policy.policy.respond(to: ThoughtsTests.requests(after: response))
        }
      }
      return server.requests.map(\.body)
    }
    #expect(bodies.count == 8)
    let file = try Places.folder().appendingPathComponent("requests.jsonl")
    let lines = bodies.map { #"{"kind":"\#(api.rawValue)","body":"# + String(decoding: $0, as: UTF8.self) + "}\n" }
    try Data(lines.joined().utf8).write(to: file)
    let script = ChildServer.tests.appendingPathComponent("PoliciesTests/type_models.py").path
    let (status, words) = try TypeModels.run([script, file.path])
    #expect(status == 0, "\(words)")
  }

  /// Policies with every setting, and the continuation that their servers require.
  static func rich(_ url: String) -> [(api: WireAPI, policy: any Policy, continuation: String?)] {
    var chat = ChatCompletionsPolicy.Settings(model: "m", format: .tools, temperature: 0.5, topP: 0.9)
    (chat.reasoningEffort, chat.logProbabilities) = ("low", true)
    var responses = ResponsesPolicy.Settings(model: "m", format: .tools, temperature: 0.5, topP: 0.9)
    (responses.reasoningEffort, responses.logProbabilities) = ("low", true)
    var messages = AnthropicPolicy.Settings(model: "m", format: .tools, maxTokens: 2_048)
    (messages.thinking, messages.effort) = (.adaptive, "low")
    func continuation<T: Decodable>(_ type: T.Type, _ body: String, _ read: (T) -> String?) -> String? {
      WireJSON.answer(type, Data(body.utf8)).flatMap(read)
    }
    return [
      // OpenAI's own endpoint returns no thoughts, and its types have no field for them.
      (.chat, ChatCompletionsPolicy(url: url, settings: chat), nil),
      (
        .responses, ResponsesPolicy(url: url, settings: responses),
        continuation(ResponsesAnswer.self, ThoughtsTests.reasoning) { $0.continuation }
      ),
      (
        .messages, AnthropicPolicy(url: url, key: nil, settings: messages),
        continuation(MessagesAnswer.self, ThoughtsTests.thinking) { $0.continuation }
      ),
    ]
  }
}

enum TypeModels {
  static let python = Places.python("import anthropic, openai", packages: "openai and anthropic")

  /// The exit status and the error output.
  static func run(_ arguments: [String]) throws -> (status: Int32, words: String) {
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(fileURLWithPath: python ?? "/usr/bin/python3")
    process.arguments = arguments
    process.standardError = errors
    try process.run()
    let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, words)
  }
}
