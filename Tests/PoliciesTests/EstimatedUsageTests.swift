import Agents
import Foundation
import TestSupport
import Testing

@testable import Policies

@Suite("Prompts that are shared, at a server that reports no usage")
struct SharedEstimateTests {
  @Test("The input is estimated once for all that share it")
  func shared() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let count = request.json["n"] as? Int ?? 1
      let choices = (0..<count).map { _ in #"{"message":{"content":"red"}}"# }.joined(separator: ",")
      return .answer(200, #"{"choices":[\#(choices)]}"#)
    }
    try await TestServer.with(reply) { server in
      let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings()), most: 8)
      let responses = try await withThrowingTaskGroup(of: PolicyResponse.self) { group in
        for particle in 0..<8 { group.addTask { try await policy.respond(to: ClientTests.request(particle)) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let calls = server.requests.count
      let usage = responses.reduce(Usage()) { $0 + $1.usage }
      let input = responses.map(\.usage.inputTokens).max() ?? 0
      #expect(input > 0 && usage.inputTokens == calls * input && usage.savedInputTokens == (8 - calls) * input)
      #expect(usage.outputTokens == 8 && usage.estimatedTokens == usage.totalTokens)
    }
  }
}
