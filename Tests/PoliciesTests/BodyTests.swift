import Agents
import Foundation
import TestSupport
import Testing

@testable import Policies

@Suite("What is in a good answer's body, and what only looks like one")
struct BodyTests {
  func respond(
    _ settings: ChatCompletionsPolicy.Settings = ClientTests.settings(), samples: Int = 1,
    _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (responses: Result<[PolicyResponse], PolicyError>, requests: Int) {
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      do throws(PolicyError) {
        return (.success(try await policy.respond(to: ClientTests.request(), samples: samples)), server.requests.count)
      } catch { return (.failure(error), server.requests.count) }
    }
  }

  static func choice(_ text: String, _ more: String = "") -> String {
    #"{"message":{"content":"\#(text)"}\#(more)}"#
  }

  static func body(_ choices: String...) -> String {
    #"{"choices":[\#(choices.joined(separator: ","))],"usage":{"prompt_tokens":9,"completion_tokens":6}}"#
  }

  // MARK: - Reading

  @Test("A lone surrogate costs one character, not the answer")
  func surrogate() async throws {
    let (result, requests) = try await respond { _ in .answer(200, Self.body(Self.choice(#"caf\udce9 au lait"#))) }
    #expect(try result.get().first?.text == "caf\u{FFFD} au lait" && requests == 1)
    let (messages, asked) = try await AnthropicTests.ask { _ in
      .answer(200, #"{"type":"message","content":[{"type":"text","text":"r\udce9d"}],"usage":{"input_tokens":1}}"#)
    }
    #expect(try messages.get().text == "r\u{FFFD}d" && asked.count == 1)
  }

  @Test(
    "Numbers that JSON does not have are paid for once, and are no log-probability",
    arguments: [
      #""logprobs":{"content":[{"logprob":-Infinity},{"logprob":-1}]}"#, #""logprobs":{"token_logprobs":[NaN,-0.25]}"#,
      #""logprobs":{"content":[{"logprob":Infinity}]}"#,
    ])
  func nonFinite(logprobs: String) async throws {
    var settings = ClientTests.settings()
    settings.logProbabilities = true
    let (result, requests) = try await respond(settings) { _ in
      .answer(200, Self.body(Self.choice("red", "," + logprobs)))
    }
    let response = try #require(try result.get().first)
    #expect(response.text == "red" && response.logProbability == nil && requests == 1)
    #expect(response.usage == Usage(inputTokens: 9, outputTokens: 6))
  }

  // MARK: - Failures in answers

  @Test("A choice that the server broke off is asked for again, and is no answer")
  func finishError() async throws {
    for reason in ["error", "abort"] {
      let broken = Self.choice(
        "half an ans", #","finish_reason":"\#(reason)","error":{"code":502,"message":"upstream"}"#)
      let (result, requests) = try await respond {
        .answer(200, Self.body($0.number < 3 ? broken : Self.choice("red", #","finish_reason":"stop""#)))
      }
      #expect(try result.get().first?.text == "red" && requests == 3)
    }
  }

  @Test(
    "What its code says counts",
    arguments: [
      (#"{"code":429,"message":"slow down"}"#, PolicyError.Kind.rateLimited),
      (#"{"code":402,"message":"pay"}"#, .outOfCredit),
      (#"{"code":400,"message":"prompt is too long"}"#, .contextTooLong),
      (#"{"code":500,"message":"x"}"#, .serverFailed),
      (#"{"code":400,"message":"odd"}"#, .serverFailed), ("null", .serverFailed),
    ] as [(String, PolicyError.Kind)])
  func finishErrorKinds(error: String, kind: PolicyError.Kind) async throws {
    let (result, _) = try await respond(ClientTests.settings(attempts: 2)) { _ in
      .answer(200, Self.body(Self.choice("x", #","finish_reason":"error","error":\#(error)"#)))
    }
    #expect(#expect(throws: PolicyError.self) { try result.get() }?.kind == kind)
  }

  @Test("Of several answers the sound ones count, and the rest is asked for again")
  func someBroken() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let count = request.json["n"] as? Int ?? 1
      let choices = (0..<count).map { index in
        index == 0 && request.number == 1 ? Self.choice("bad", #","finish_reason":"error""#) : Self.choice("red")
      }
      return .answer(200, #"{"choices":[\#(choices.joined(separator: ","))]}"#)
    }
    try await TestServer.with(reply) { server in
      let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings()), most: 4)
      for _ in 0..<2 {
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
          for particle in 0..<4 { group.addTask { try await policy.respond(to: ClientTests.request(particle)).text } }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(texts == ["red", "red", "red", "red"])
      }
      // A truncated response does not show how many answers the server draws.
      #expect(server.requests.map { $0.json["n"] as? Int ?? 1 } == [4, 1, 4])
    }
  }

  @Test("An error inside of a 200 is tried again or not, as its status would have been")
  func errorInside() async throws {
    for body in [
      #"{"error":{"code":429,"message":"slow"}}"#, #"{"error":{"code":503,"message":"busy"},"choices":[]}"#,
      #"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#, #"{"choices":[]}"#,
    ] {
      let (result, requests) = try await respond { .answer(200, $0.number == 1 ? body : Self.body(Self.choice("red"))) }
      #expect(try result.get().first?.text == "red" && requests == 2, "\(body)")
    }
    for (body, kind) in [
      (#"{"error":{"code":402,"message":"pay"}}"#, PolicyError.Kind.outOfCredit),
      (#"{"error":{"code":403,"message":"your input was flagged"}}"#, .contentRefused),
      (#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}"#, .contextTooLong),
    ] {
      let (result, requests) = try await respond { _ in .answer(200, body) }
      #expect(#expect(throws: PolicyError.self) { try result.get() }?.kind == kind)
      #expect(requests == 1)
    }
    let (messages, asked) = try await AnthropicTests.ask {
      .answer(
        200, $0.number == 1 ? #"{"type":"error","error":{"type":"api_error","message":"x"}}"# : AnthropicTests.message)
    }
    #expect(try messages.get().text == "red" && asked.count == 2)
  }

  // MARK: - Cut off

  @Test("An answer that is cut off by its length counts, and is marked")
  func cutOff() async throws {
    for api in ChatCompletionsPolicy.API.allCases {
      let (result, requests) = try await respond(ClientTests.settings(api: api), samples: 2) { _ in
        .answer(
          200,
          #"{"choices":[{"text":"re","message":{"content":"re"},"finish_reason":"length"},{"text":"red","message":{"content":"red"},"finish_reason":"stop"}]}"#
        )
      }
      let responses = try result.get()
      #expect(
        responses.map(\.text) == ["re", "red"] && responses.map(\.usage.cutOffAnswers) == [1, 0] && requests == 1)
    }
    let (messages, _) = try await AnthropicTests.ask { _ in
      .answer(200, AnthropicTests.message.replacing(#""end_turn""#, with: #""max_tokens""#))
    }
    #expect(try messages.get().usage.cutOffAnswers == 1)
  }
}
