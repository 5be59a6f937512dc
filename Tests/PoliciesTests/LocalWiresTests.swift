import Agents
import Foundation
import ModelServers
import Policies
import TestTraits
import Testing

@Suite("A real llama.cpp server behind the other chat APIs", .alone)
struct LocalWiresTests {
  @Test("Responses and Messages: answers, token counts, choices, tools, blank turns, a second step")
  func wires() async throws {
    let settings = LocalServer.Settings(python: Environment.python, slots: 2, context: 2_048, threads: 1)
    let tools = [ActionTool.act(choices: ["go north", "go south"])]
    try await LocalServer.with(settings) { server in
      func policy(_ isMessages: Bool, _ format: ActionFormat) -> any Policy {
        let rules = CallRules(retry: RetryRule(attempts: 2, waitsOutOutages: false), timeout: 120)
        return isMessages
          ? AnthropicPolicy(
            url: server.url, key: nil, settings: .init(model: "m", format: format, maxTokens: 32, rules: rules))
          : ResponsesPolicy(url: server.url, settings: .init(model: "m", format: format, maxTokens: 32, rules: rules))
      }
      for isMessages in [false, true] {
        var request = LocalServerTests.request(choices: nil)
        request.transcript.entries += [.response(" "), .prompt(""), .response("hat"), .prompt("And then?")]
        let words = try await policy(isMessages, .react).respond(to: request)
        #expect(!words.text.isEmpty && words.usage.inputTokens > 20 && words.usage.outputTokens > 0)

        request.tools = tools
        request.transcript = Transcript(entries: [.prompt("You stand in a hall. Take one step.")])
        let call = try await policy(isMessages, .tools).respond(to: request)
        // These endpoints do not enforce a tool call, and so small a model may not make one.
        #expect(!call.text.isEmpty && call.usage.outputTokens > 0)
        request.transcript.entries +=
          (call.continuation.map { [.continuation($0)] } ?? []) + [
            .response(call.text), .prompt("You are in a garden."),
          ]
        let next = try await policy(isMessages, .tools).respond(to: request)
        #expect(next.usage.inputTokens > call.usage.inputTokens)
      }
    }
  }
}
