import Agents
import Foundation
import TestSupport
import Testing

@testable import Policies

@Suite("Where answers stop, and what is sent")
struct StopTests {
  @Test(
    "an imagined observation ends a ReAct answer",
    arguments: [
      (ActionFormat.react, ChatCompletionsPolicy.API.chat, ["\nObservation:"]), (.react, .text, ["\nObservation:"]),
      (.plain, .text, ["\n"]), (.plain, .chat, []), (.tools, .chat, []),
    ])
  func stops(format: ActionFormat, api: ChatCompletionsPolicy.API, stops: [String]) throws {
    var settings = ClientTests.settings(api: api)
    settings.format = format
    let body = try ChatCompletionsPolicy(url: "", settings: settings).body(for: ClientTests.request())
    #expect(try fields(body)["stop"] as? [String] ?? [] == stops)
  }

  @Test(arguments: [(ActionFormat.react, ["\nObservation:"]), (.plain, []), (.tools, [])])
  func anthropicStops(format: ActionFormat, stops: [String]) throws {
    let policy = AnthropicPolicy(url: "", key: nil, settings: AnthropicTests.settings(format))
    #expect(try fields(policy.body(for: ClientTests.request()))["stop_sequences"] as? [String] ?? [] == stops)
  }

  @Test func aServerThatTakesNoStopsIsAskedWithoutThem() async throws {
    var settings = ClientTests.settings()
    settings.format = .react
    let text = "Thought: hm\nAction: red\nObservation: It is red.\nAction: blue"
    let requests = try await TestServer.with { request in
      request.json["stop"] == nil
        ? .answer(200, ClientTests.chat(text))
        : .answer(
          400,
          #"{"error":{"message":"Unsupported parameter: 'stop' is not supported with this model.","code":"unsupported_parameter"}}"#
        )
    } _: { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      for _ in 0..<2 {
        let response = try await policy.respond(to: ClientTests.request())
        #expect(ActionFormat.react.action(in: response.text, choices: nil) == .act("red"))
      }
      return server.requests
    }
    #expect(requests.map { $0.json["stop"] != nil } == [true, false, false])
    // The other settings stay in the request.
    #expect(requests.allSatisfy { $0.json["seed"] != nil && $0.json["temperature"] != nil })
  }

  @Test("the body that is written is the one that is sent", arguments: [ChatCompletionsPolicy.API.chat, .text])
  func written(api: ChatCompletionsPolicy.API) async throws {
    let settings = ClientTests.settings(api: api, constraint: .grammar)
    let sent = try await TestServer.with { _ in
      .answer(200, #"{"choices":[{"text":" red","message":{"content":"red"}}]}"#)
    } _: { server in
      _ = try await ChatCompletionsPolicy(url: server.url, settings: settings)
        .respond(to: ClientTests.request(choices: ["red", "blue"]))
      return server.requests[0].json
    }
    let body = try ChatCompletionsPolicy(url: "", settings: settings)
      .body(for: ClientTests.request(choices: ["red", "blue"]))
    #expect(try NSDictionary(dictionary: fields(body)) == NSDictionary(dictionary: sent))
  }

  @Test("thoughts that a server leaves in the text are kept apart")
  func thoughts() async throws {
    for (content, text, reasoning) in [
      ("<think>hm</think>\\nred", "red", "hm"), ("hm\\n</think>\\n\\nred", "red", "hm"),
      ("[THINK]hm[/THINK]red", "red", "hm"),
      ("<think>hm", "", "hm"), ("red", "red", nil),
    ] as [(String, String, String?)] {
      let response = try await TestServer.with { _ in
        .answer(200, #"{"choices":[{"message":{"content":"\#(content)"}}]}"#)
      } _: { server in
        try await ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings())
          .respond(to: ClientTests.request())
      }
      #expect(response.text == text && response.reasoning == reasoning)
    }
  }

  private func fields(_ body: Data) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
  }
}
