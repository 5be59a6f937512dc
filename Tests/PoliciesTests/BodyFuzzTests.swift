import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

@Suite("Damaged answers of servers and damaged recordings are errors")
struct BodyFuzzTests {
  static let chat = [
    #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"red","reasoning_content":"hm"},"finish_reason":"stop","logprobs":{"content":[{"token":"red","logprob":-0.5}]}}],"usage":{"prompt_tokens":20,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":1}}}"#,
    #"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"act","arguments":"{\"action\":\"red\"}"}}]},"finish_reason":"tool_calls"}],"usage":null}"#,
    #"{"error":{"message":"too long","code":"context_length_exceeded","type":"invalid_request_error"}}"#,
    #"{"choices":[{"index":1,"text":"red","finish_reason":"length","logprobs":{"token_logprobs":[-0.1,null]}},{"index":0,"text":"blue"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
  ]
  static let messages = [
    #"{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"red"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1,"cache_read_input_tokens":1,"cache_creation_input_tokens":2}}"#,
    #"{"type":"message","content":[{"type":"tool_use","id":"t","name":"act","input":{"action":"red","n":1}}],"stop_reason":"tool_use","usage":{}}"#,
    #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
  ]

  /// Serves the bodies one after the other and makes one request for each.
  static func ask(_ bodies: [Data], _ policy: (String) -> any Policy) async throws {
    try await TestServer.with(
      keepsRequests: false,
      { request in
        let body = bodies[(request.number - 1) % bodies.count]
        return .answer(request.number % 7 == 0 ? 400 : 200, String(decoding: body, as: UTF8.self))
      },
      { server in
        let policy = policy(server.url)
        for particle in bodies.indices {
          do throws(PolicyError) { _ = try await policy.respond(to: ClientTests.request(particle)) } catch {
            #expect(error.message.utf8.count < 10_000)
          }
        }
      })
  }

  static let rules = CallRules(retry: RetryRule(attempts: 1, base: 0.001, most: 0.002), timeout: 60, deadline: 5)

  @Test("Completions", .timeLimit(.minutes(10)), arguments: ChatCompletionsPolicy.API.allCases)
  func completions(api: ChatCompletionsPolicy.API) async throws {
    try await Self.ask(Array(Fuzz("Completions", Self.chat, count: 150))) { url in
      var settings = ClientTests.settings(api: api)
      settings.rules = Self.rules
      settings.logProbabilities = true
      return ChatCompletionsPolicy(url: url, settings: settings)
    }
  }

  @Test("Messages", .timeLimit(.minutes(10)))
  func anthropic() async throws {
    try await Self.ask(Array(Fuzz("Messages", Self.messages, count: 150))) { url in
      AnthropicPolicy(
        url: url, key: nil,
        settings: .init(model: "m", format: .plain, temperature: 1, topP: nil, maxTokens: 64, rules: Self.rules))
    }
  }

  @Test("Cassettes", .timeLimit(.minutes(10)))
  func cassettes() async throws {
    let key = CallKey(run: "r", task: "t", particle: 0, step: 0)
    let response = PolicyResponse("red", reasoning: "hm", logProbability: -1, usage: Usage(inputTokens: 3))
    let sound =
      try Cassette.header(policy: "p", format: .plain)
      + Cassette.line(key, .init(question: "q", response: response))
      + Cassette.line(key, .init(question: "q", response: response, isRefusal: true))
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("c.jsonl").path
    var read = 0
    for await data in Fuzz("Cassette", [sound], count: 600) {
      try data.write(to: URL(fileURLWithPath: path))
      guard let cassette = try? Cassette(contentsOf: path) else { continue }
      _ = try? await RecordedPolicy(cassette, name: path).respond(to: ClientTests.request())
      read += 1
    }
    #expect(read > 0)
  }
}
