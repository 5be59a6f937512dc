import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

enum Fault {
  static let passing: [TestServer.Reply] = [
    .answer(429, "{}", headers: ["Retry-After": "0"]), .answer(500, "oops"), .answer(503, ""), .answer(408, ""),
    .answer(409, ""),
    .truncated(ClientTests.chat("red and more of it")), .reset, .hang(60), .answer(200, "not json"),
    .answer(200, "{\"choices\":[]}"),
    .answer(200, #"{"choices":[{"index":0}]}"#),
  ]

  /// The time limit in seconds: short if the test waits for it, long if a busy machine may be slow.
  static func timeout(_ fault: TestServer.Reply) -> Double {
    if case .hang = fault { 1 } else { 10 }
  }

  static let final: [(Int, String, PolicyError.Kind)] = [
    (401, #"{"error":{"message":"bad key planted-secret"}}"#, .unauthorized), (403, "", .unauthorized),
    (404, #"{"error":{"message":"no such model"}}"#, .unknownModel),
    (400, #"{"error":{"message":"bad grammar"}}"#, .badRequest),
    (
      400, #"{"error":{"code":400,"message":"request (1110 tokens) exceeds","type":"exceed_context_size_error"}}"#,
      .contextTooLong
    ),
    (400, #"{"error":{"code":"context_length_exceeded","message":"too long"}}"#, .contextTooLong),
    (400, #"{"error":{"code":"content_filter","message":"no"}}"#, .contentRefused),
  ]
}

@Suite("The client of OpenAI-compatible servers, against a server with faults")
struct ClientTests {
  static let transcript = Transcript(entries: [
    .instructions("Choose."), .prompt("one or two?"), .response("two"), .prompt("red or blue?"),
  ])

  static func request(_ particle: Int = 0, choices: [String]? = nil) -> PolicyRequest {
    PolicyRequest(
      transcript: transcript, choices: choices, seed: Seed(UInt64(particle) << 40),
      key: CallKey(run: "r", task: "t", particle: particle, step: 0))
  }

  static func settings(
    api: ChatCompletionsPolicy.API = .chat, constraint: ChoiceConstraint = .auto, attempts: Int = 4,
    timeout: Double = 5
  ) -> ChatCompletionsPolicy.Settings {
    ChatCompletionsPolicy.Settings(
      model: "m", api: api, format: .plain, temperature: 0.7, topP: 0.9, maxTokens: 5, constraint: constraint,
      rules: CallRules(
        retry: RetryRule(attempts: attempts, base: 0.01, most: 1, waitsOutOutages: false), timeout: timeout))
  }

  static func chat(_ text: String) -> String {
    """
    {"choices":[{"index":0,"message":{"role":"assistant","content":\(quoted(text)),"extra":1},"finish_reason":"stop"}],
     "usage":{"prompt_tokens":20,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":16},
     "completion_tokens_details":{"reasoning_tokens":1}},"unknown":[]}
    """
  }

  static func quoted(_ text: String) -> String {
    String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
  }

  func ask(
    _ settings: ChatCompletionsPolicy.Settings = settings(), key: String? = nil, choices: [String]? = nil,
    _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (Result<PolicyResponse, PolicyError>, [TestServer.Request]) {
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, key: key, settings: settings)
      do throws(PolicyError) {
        return (.success(try await policy.respond(to: Self.request(choices: choices))), server.requests)
      } catch { return (.failure(error), server.requests) }
    }
  }

  @Test func chatSendsTurns() async throws {
    let (result, requests) = try await ask(key: "planted-secret") { _ in .answer(200, Self.chat(" red \n")) }
    #expect(
      try result.get()
        == PolicyResponse(
          "red", usage: Usage(inputTokens: 20, cachedInputTokens: 16, outputTokens: 3, reasoningTokens: 1)))
    let sent = try #require(requests.first)
    #expect(sent.path == "/v1/chat/completions")
    #expect(sent.headers["authorization"] == "Bearer planted-secret")
    let messages = sent.json["messages"] as? [[String: String]]
    #expect(messages?.map { $0["role"] ?? "" } == ["system", "user", "assistant", "user"])
    #expect(sent.json["temperature"] as? Double == 0.7 && sent.json["top_p"] as? Double == 0.9)
    #expect(sent.json["max_tokens"] as? Int == 5 && sent.json["seed"] is Int)
    #expect(sent.json["grammar"] == nil && sent.json["n"] == nil)
  }

  @Test func textSendsOneTextAndAGrammar() async throws {
    let (result, requests) = try await ask(
      Self.settings(api: .text, constraint: .grammar), choices: ["red", "dark \"blue\""]
    ) { _ in
      .answer(200, #"{"choices":[{"text":" red"}]}"#)
    }
    #expect(try result.get() == PolicyResponse("red"))
    let sent = try #require(requests.first)
    #expect(sent.path == "/v1/completions")
    #expect(sent.json["prompt"] as? String == "Choose.\n\none or two? two\nred or blue?")
    #expect(sent.json["grammar"] as? String == #"root ::= " red" | " dark \"blue\"""#)
    #expect(sent.json["stop"] as? [String] == ["\n"])
  }

  @Test func aSchemaIsReadBackAndARefusedOneIsNotSentAgain() async throws {
    let (result, requests) = try await ask(choices: ["red", "blue"]) { _ in
      .answer(200, Self.chat(#"{"choice": "blue"}"#))
    }
    #expect(try result.get().text == "blue")
    #expect(requests.first?.json["response_format"] != nil)

    let refusing: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      request.json["response_format"] == nil
        ? .answer(200, Self.chat("blue"))
        : .answer(400, #"{"error":{"message":"response_format is not supported","code":400}}"#)
    }
    try await TestServer.with(refusing) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: Self.settings())
      for _ in 0..<2 {
        let response = try await policy.respond(to: Self.request(choices: ["red", "blue"]))
        #expect(response.text == "blue")
      }
      #expect(server.requests.count == 3)
    }
  }

  @Test("A message without content is paid for once, and holds no action")
  func noContent() async throws {
    let (result, requests) = try await ask { _ in
      .answer(200, #"{"choices":[{"message":{"content":null}}],"usage":{"prompt_tokens":7}}"#)
    }
    #expect(try result.get() == PolicyResponse("", usage: Usage(inputTokens: 7)))
    #expect(requests.count == 1)
  }

  @Test("What may pass is tried again", arguments: Fault.passing.indices)
  func retryable(index: Int) async throws {
    let fault = Fault.passing[index]
    let (result, requests) = try await ask(Self.settings(timeout: Fault.timeout(fault))) {
      $0.number == 1 ? fault : .answer(200, Self.chat("red"))
    }
    #expect(try result.get().text == "red")
    #expect(requests.count == 2)
  }

  @Test("What may pass is not tried for ever", arguments: Fault.passing.indices)
  func bounded(index: Int) async throws {
    let fault = Fault.passing[index]
    let (result, requests) = try await ask(Self.settings(attempts: 3, timeout: Fault.timeout(fault))) { _ in fault }
    let error = #expect(throws: PolicyError.self) { try result.get() }
    #expect(error?.isRetryable == true && error?.message.contains("tried 3 times") == true)
    #expect(requests.count == 3)
  }

  @Test("What is final is asked once", arguments: Fault.final.indices)
  func final(index: Int) async throws {
    let (status, body, kind) = Fault.final[index]
    let (result, requests) = try await ask(key: "planted-secret") { _ in .answer(status, body) }
    let error = #expect(throws: PolicyError.self) { try result.get() }
    #expect(error?.kind == kind)
    #expect(requests.count == 1)
    #expect(error?.message.contains("planted-secret") == false)
  }

  @Test func aServerThatAsksToBeLeftAloneForLongerEndsTheCall() async throws {
    let (result, requests) = try await ask { _ in .answer(429, "", headers: ["Retry-After": "3600"]) }
    #expect(throws: PolicyError.self) { try result.get() }
    #expect(requests.count == 1)
  }

  @Test func retryAfterComesInTwoForms() {
    let now = Date(timeIntervalSince1970: 784_111_767)
    #expect(RetryTime.retryAfter("120", now: now) == 120)
    #expect(RetryTime.retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == 10)
    #expect(RetryTime.retryAfter("Sun, 06 Nov 1993 08:49:37 GMT", now: now) == 0)
    #expect(RetryTime.retryAfter("1e300", now: now) == 31_536_000 && RetryTime.retryAfter("-5", now: now) == 0)
    #expect(RetryTime.retryAfter("inf", now: now) == 31_536_000 && RetryTime.retryAfter("nan", now: now) == nil)
    #expect(RetryTime.retryAfter("soon", now: now) == nil && RetryTime.retryAfter(nil, now: now) == nil)
  }

  @Test func pausesGrowWithJitterUpToABound() {
    let rule = RetryRule(attempts: 9, base: 0.5, most: 4)
    #expect(rule.pause(before: 1, retryAfter: nil, uniform: 0.5) == 0.25)
    #expect(rule.pause(before: 3, retryAfter: nil, uniform: 0.5) == 1)
    #expect(rule.pause(before: 8, retryAfter: nil, uniform: 0.5) == 2)
    #expect(rule.pause(before: 1, retryAfter: 3, uniform: 0.5) == 3.25)
    #expect(rule.pause(before: 1, retryAfter: 60, uniform: 0) == 60)
    // A server that says 0 is not believed: the backoff is a floor.
    #expect(rule.pause(before: 3, retryAfter: 0, uniform: 0.5) == 1)
    #expect(rule.pause(before: 1_000_000, retryAfter: nil, uniform: 0.5) == 2)
  }

  @Test func nobodyListening() async throws {
    let policy = ChatCompletionsPolicy(url: "http://127.0.0.1:9/v1", settings: Self.settings(attempts: 2))
    let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: Self.request()) }
    #expect(error?.kind == .connectionRefused && error?.message.contains("policy.url") == true)
    #expect(error?.message.contains("connection refused by 127.0.0.1:9") == true, "\(error?.message ?? "")")
    let nonsense = ChatCompletionsPolicy(url: "not a url", settings: Self.settings())
    let bad = await #expect(throws: PolicyError.self) { try await nonsense.respond(to: Self.request()) }
    #expect(bad?.isRetryable == false)
  }

  @Test func aServerWithoutTLSIsNotTriedForEver() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(200, Self.chat("red")) }
    try await TestServer.with(reply) { server in
      let url = server.url.replacing("http://", with: "https://")
      let policy = ChatCompletionsPolicy(url: url, key: "planted-secret", settings: Self.settings())
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: Self.request()) }
      #expect(error?.kind == .badRequest && error?.message.contains("TLS") == true, "\(error?.message ?? "")")
      #expect(server.requests.isEmpty)
    }
  }

  @Test("Identical prompts that arrive together are asked once")
  func shared() async throws {
    let drawing: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let count = request.json["n"] as? Int ?? 1
      let choices = (0..<count).map { #"{"text":" a\#($0)"}"# }.joined(separator: ",")
      return .answer(200, #"{"choices":[\#(choices)],"usage":{"prompt_tokens":50,"completion_tokens":\#(count * 2)}}"#)
    }
    try await TestServer.with(drawing) { server in
      let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: Self.settings(api: .text)), most: 4)
      let responses = try await withThrowingTaskGroup(of: PolicyResponse.self) { group in
        for particle in 0..<10 { group.addTask { try await policy.respond(to: Self.request(particle)) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(responses.count == 10)
      #expect(server.requests.map { $0.json["n"] as? Int ?? 1 }.sorted() == [2, 4, 4])
      // The input is paid for once a call.
      #expect(responses.reduce(0) { $0 + $1.usage.inputTokens } == 150)
      #expect(responses.reduce(0) { $0 + $1.usage.outputTokens } == 20)
    }
  }

  @Test("A server that draws fewer answers than asked is asked again; a failure reaches everyone")
  func sharedFallBack() async throws {
    let single: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      .answer(200, #"{"choices":[{"text":"a"}],"usage":{"prompt_tokens":5}}"#)
    }
    try await TestServer.with(single) { server in
      let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: Self.settings(api: .text)), most: 8)
      let count = await withTaskGroup(of: Bool.self) { group in
        for particle in 0..<3 { group.addTask { (try? await policy.respond(to: Self.request(particle))) != nil } }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(count == 3 && server.requests.count == 3)
    }
    let refusing: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(401, "") }
    try await TestServer.with(refusing) { server in
      let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: Self.settings()), most: 8)
      let failures = await withTaskGroup(of: PolicyError?.self) { group in
        for particle in 0..<3 {
          group.addTask {
            do throws(PolicyError) {
              _ = try await policy.respond(to: Self.request(particle))
              return nil
            } catch { return error }
          }
        }
        return await group.reduce(into: []) { $0.append($1?.kind) }
      }
      #expect(failures == [.unauthorized, .unauthorized, .unauthorized] && server.requests.count == 1)
    }
  }
}
