import Agents
import Foundation
import HTTP
import Metrics
import MetricsTestKit
import Synchronization
import TestSupport
import Testing

@testable import Policies

@Suite("What servers disagree about, and what they do wrong")
struct RobustnessTests {
  func respond(
    _ settings: ChatCompletionsPolicy.Settings = ClientTests.settings(), samples: Int = 1,
    choices: [String]? = nil, tools: [ActionTool] = [],
    _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (responses: Result<[PolicyResponse], PolicyError>, requests: [TestServer.Request]) {
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      var request = ClientTests.request(choices: choices)
      request.tools = tools
      do throws(PolicyError) {
        return (.success(try await policy.respond(to: request, samples: samples)), server.requests)
      } catch { return (.failure(error), server.requests) }
    }
  }

  static func refusal(_ message: String, code: String = "unsupported_parameter") -> TestServer.Reply {
    .answer(400, #"{"error":{"message":"\#(message)","type":"invalid_request_error","code":"\#(code)"}}"#)
  }

  // MARK: - Dialects

  @Test("A server that draws fewer answers at a time is asked for half as many, and remembered")
  func fewerSamples() async throws {
    let drawing: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let count = request.json["n"] as? Int ?? 1
      if count > 4 { return Self.refusal("Field 'n': Value must be between 1 and 4") }
      let choices = (0..<count).map { _ in #"{"message":{"content":"red"}}"# }.joined(separator: ",")
      return .answer(200, #"{"choices":[\#(choices)],"usage":{"prompt_tokens":10,"completion_tokens":\#(count)}}"#)
    }
    try await TestServer.with(drawing) { server in
      let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings()), most: 16)
      for _ in 0..<2 {
        let responses = try await withThrowingTaskGroup(of: PolicyResponse.self) { group in
          for particle in 0..<16 { group.addTask { try await policy.respond(to: ClientTests.request(particle)) } }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.count == 16 && responses.allSatisfy { $0.text == "red" })
        let usage = responses.reduce(Usage()) { $0 + $1.usage }
        #expect(usage.inputTokens + usage.savedInputTokens == 160 && usage.outputTokens == 16)
      }
      let counts = server.requests.map { $0.json["n"] as? Int ?? 1 }
      #expect(counts.filter { $0 > 4 }.count <= 2, "\(counts)")
      #expect(counts.filter { $0 == 4 }.count >= 6, "\(counts)")
    }
  }

  @Test("A server without n is asked one by one, all at a time; a server that ignores n too")
  func noSamples() async throws {
    for ignores in [false, true] {
      // The number of requests in progress. A request ends after two seconds.
      let present = Mutex((now: 0, most: 0))
      let single: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
        if !ignores, request.json["n"] != nil { return Self.refusal("n is not supported") }
        present.withLock {
          $0.now += 1
          $0.most = max($0.most, $0.now)
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + 2) { present.withLock { $0.now -= 1 } }
        return .after(2, .answer(200, ClientTests.chat("red")))
      }
      try await TestServer.with(single) { server in
        let policy = SharedPrompts(ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings()), most: 8)
        let count = try await withThrowingTaskGroup(of: Void.self) { group in
          for particle in 0..<8 {
            group.addTask { _ = try await policy.respond(to: ClientTests.request(particle)) }
          }
          return try await group.reduce(0) { count, _ in count + 1 }
        }
        #expect(count == 8)
        // One request comes first, then the others together and not one after the other.
        #expect(present.withLock(\.most) > 2)
      }
    }
  }

  @Test(
    "What a refusal names is left out, and several answers are still drawn at a time",
    arguments: ["seed", "response_format", "parallel_tool_calls", "tool_choice"])
  func namedParameter(name: String) async throws {
    let drawing: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      if request.json[name] != nil { return Self.refusal("Unsupported parameter: '\(name)'") }
      let choices = (0..<(request.json["n"] as? Int ?? 1)).map { _ in #"{"message":{"content":"red"}}"# }
      return .answer(200, #"{"choices":[\#(choices.joined(separator: ","))]}"#)
    }
    var settings = ClientTests.settings()
    let isTool = name.contains("tool")
    if isTool { settings.format = .tools }
    let (result, requests) = try await respond(
      settings, samples: 8, choices: isTool ? nil : ["red", "blue"], tools: isTool ? Self.tools : [], drawing)
    #expect(try result.get().count == 8)
    #expect(requests.count == 2 && requests.last?.json["n"] as? Int == 8)
  }

  @Test("Numbers of tokens beyond all reason neither crash nor make money")
  func tokenCounts() async throws {
    for (input, cached, output) in [
      ("9223372036854775807", "1", "9223372036854775807"), ("1e300", "-5", "\"7\""), ("-3", "12", "null"),
      ("[]", "{}", "true"),
    ] {
      let (result, requests) = try await respond(samples: 2) { _ in
        .answer(
          200,
          #"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}],"usage":{"prompt_tokens":\#(input),"completion_tokens":\#(output),"prompt_tokens_details":{"cached_tokens":\#(cached)}}}"#
        )
      }
      let usage = try result.get().reduce(Usage()) { $0 + $1.usage }
      #expect(requests.count == 1)
      #expect(Pricing(inputPerMillion: 1, cachedInputPerMillion: 0, outputPerMillion: 1).cost(of: usage) >= 0)
    }
  }

  @Test(
    "An answer in an unusual form is read, not bought again",
    arguments: [
      #"{"content":[{"type":"text","text":"red"}]}"#, #"{"content":"red","tool_calls":{"not":"a list"}}"#,
      #"{"content":"red","reasoning":{"tokens":[1]}}"#, #"{"content":"red","tool_calls":[{"function":"get"}]}"#,
    ])
  func unusual(message: String) async throws {
    let (result, requests) = try await respond { _ in
      .answer(200, #"{"choices":[{"message":\#(message),"logprobs":"none"}],"usage":"free"}"#)
    }
    #expect(try result.get().first?.text == "red" && requests.count == 1)
  }

  @Test("A call of a tool that was never offered goes out again as the text it is")
  func strangeCall() async throws {
    var settings = ClientTests.settings()
    settings.format = .tools
    let text = ToolCall(name: "no such.tool", arguments: [:]).text()
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(200, ClientTests.chat("red")) }
    try await TestServer.with(reply) { server in
      var request = ClientTests.request()
      request.transcript = Transcript(entries: [.prompt("Go."), .response(text), .prompt("What?")])
      request.tools = Self.tools
      _ = try await ChatCompletionsPolicy(url: server.url, settings: settings).respond(to: request)
      let messages = try #require(server.requests.first?.json["messages"] as? [[String: Any]])
      #expect(messages.map { $0["role"] as? String } == ["user", "assistant", "user"])
      #expect(messages[1]["content"] as? String == text)
    }
  }

  @Test("A call that waits in line longer than its deadline is made all the same")
  func deadlineStartsWithTheCall() async throws {
    var settings = ClientTests.settings(attempts: 1, timeout: 30)
    (settings.rules.deadline, settings.rules.concurrency) = (5, 1)
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      .after(0.9, .answer(200, ClientTests.chat("red")))
    }
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for particle in 0..<8 { group.addTask { _ = try await policy.respond(to: ClientTests.request(particle)) } }
        try await group.waitForAll()
      }
      #expect(server.requests.count == 8)
    }
  }

  @Test("max_completion_tokens where a model wants it: found out once, or said")
  func completionTokens() async throws {
    let reasoning: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      request.json["max_tokens"] == nil
        ? .answer(200, ClientTests.chat("red"))
        : Self.refusal("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    }
    try await TestServer.with(reasoning) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings())
      for _ in 0..<2 { _ = try await policy.respond(to: ClientTests.request()) }
      #expect(server.requests.count == 3)
      #expect(server.requests.last?.json["max_completion_tokens"] as? Int == 5)
      var settings = ClientTests.settings()
      settings.tokenParameter = .maxCompletionTokens
      settings.reasoningEffort = "low"
      _ = try await ChatCompletionsPolicy(url: server.url, settings: settings).respond(to: ClientTests.request())
      #expect(server.requests.count == 4 && server.requests.last?.json["reasoning_effort"] as? String == "low")
    }
  }

  @Test("A seed that is refused is left out; a temperature is not, since it changes the answers")
  func refusedParameters() async throws {
    let (seeded, requests) = try await respond { request in
      request.json["seed"] == nil ? .answer(200, ClientTests.chat("red")) : Self.refusal("Unknown parameter: 'seed'")
    }
    #expect(try seeded.get().first?.text == "red" && requests.count == 2)
    let (hot, asked) = try await respond { _ in Self.refusal("Unsupported value: 'temperature' does not support 0.7") }
    let error = #expect(throws: PolicyError.self) { try hot.get() }
    #expect(error?.kind == .badRequest && asked.count == 1)
  }

  // MARK: - Thoughts, tools, log-probabilities

  @Test(
    "What a model thought is kept apart from what it answered",
    arguments: [
      (#"{"content":"red","reasoning_content":"hm"}"#, "red", "hm"),
      (#"{"content":"red","reasoning":"hm"}"#, "red", "hm"),
      (#"{"content":"<think>\nhm\n</think>\n\nred"}"#, "red", "hm"),
      (#"{"content":"<think>no end in sight"}"#, "", "no end in sight"),
      (#"{"content":null,"reasoning_content":"hm"}"#, "", "hm"),
      (#"{"content":null,"refusal":"I won't"}"#, "I won't", nil),
      (#"{"content":"no <think> here"}"#, "no <think> here", nil),
    ] as [(String, String, String?)])
  func reasoning(message: String, text: String, reasoning: String?) async throws {
    let (result, _) = try await respond { _ in .answer(200, #"{"choices":[{"message":\#(message)}]}"#) }
    let response = try #require(try result.get().first)
    #expect(response.text == text && response.reasoning == reasoning)
  }

  static let tools = [
    ActionTool(
      "get", "Takes.", parameters: [.init("count", "How many."), .init("item", "What.", choices: ["log", "stick"])],
      template: "get {count} {item}"), ActionTool("look", "Looks.", template: "look around"),
  ]

  @Test("Tools are offered, calls come back as actions, and go out again as calls with the world's answers")
  func toolCalls() async throws {
    var settings = ClientTests.settings()
    settings.format = .tools
    let calling: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      .answer(
        200,
        #"{"choices":[{"message":{"content":"Wood first.","tool_calls":[{"id":"x","type":"function","function":{"name":"get","arguments":"{\"count\": 2, \"item\": \"log\"}"}},{"function":{"name":"look","arguments":"{}"}}]}}]}"#
      )
    }
    let (result, requests) = try await respond(settings, tools: Self.tools, calling)
    let text = try #require(try result.get().first?.text)
    #expect(ActionFormat.tools.action(in: text, choices: nil, tools: Self.tools) == .act("get 2 log"))
    let sent = try #require(requests.first?.json)
    #expect(sent["tool_choice"] as? String == "required")
    let function = ((sent["tools"] as? [[String: Any]])?.first?["function"] as? [String: Any])
    #expect(function?["name"] as? String == "get")
    let parameters = function?["parameters"] as? [String: Any]
    #expect(parameters?["required"] as? [String] == ["count", "item"])

    let later = Transcript(entries: [
      .instructions("Craft."), .prompt("You see a tree."), .response(text), .prompt("Got 2 log"),
      .response("no call here"), .prompt("What?"),
    ])
    try await TestServer.with(calling) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      var request = ClientTests.request()
      (request.transcript, request.tools) = (later, Self.tools)
      _ = try await policy.respond(to: request)
      let messages = try #require(server.requests.first?.json["messages"] as? [[String: Any]])
      #expect(messages.map { $0["role"] as? String } == ["system", "user", "assistant", "tool", "assistant", "user"])
      let call = (messages[2]["tool_calls"] as? [[String: Any]])?.first
      #expect(call?["id"] as? String == messages[3]["tool_call_id"] as? String)
      #expect(messages[2]["content"] as? String == "Wood first." && messages[3]["content"] as? String == "Got 2 log")
    }
  }

  @Test("A call with arguments that are no JSON is an answer without an action, paid for once")
  func brokenCall() async throws {
    var settings = ClientTests.settings()
    settings.format = .tools
    let (result, requests) = try await respond(settings, tools: Self.tools) { _ in
      .answer(
        200,
        #"{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"get","arguments":"{\"co"}}]}}]}"#)
    }
    let text = try #require(try result.get().first?.text)
    #expect(requests.count == 1)
    #expect(!ActionFormat.tools.action(in: text, choices: nil, tools: Self.tools).isParsed)
  }

  @Test("Log-probabilities in either shape, or absent")
  func logProbabilities() async throws {
    for (extra, sum) in [
      (#","logprobs":{"content":[{"logprob":-0.5},{"logprob":-1}]}"#, -1.5),
      (#","logprobs":{"token_logprobs":[null,-0.25]}"#, -0.25), ("", nil), (#","logprobs":null"#, nil),
    ] as [(String, Double?)] {
      var settings = ClientTests.settings()
      settings.logProbabilities = true
      let (result, requests) = try await respond(settings) { _ in
        .answer(200, #"{"choices":[{"message":{"content":"red"}\#(extra)}]}"#)
      }
      #expect(try result.get().first?.logProbability == sum)
      #expect(requests.first?.json["logprobs"] as? Bool == true)
    }
  }

  // MARK: - Wrong-doing

  @Test("An endless body is cut, not swallowed; one that drips is cut by the deadline")
  func endless() async throws {
    let (flood, _) = try await respond(ClientTests.settings(attempts: 1, timeout: 20)) { _ in .endless }
    let error = #expect(throws: PolicyError.self) { try flood.get() }
    #expect(error?.kind == .malformedAnswer && error?.message.contains("8 MB") == true)
    let (drip, _) = try await respond(ClientTests.settings(attempts: 1, timeout: 0.5)) { _ in .drip(0.05) }
    let late = #expect(throws: PolicyError.self) { try drip.get() }
    #expect(late?.kind == .timedOut)
  }

  @Test("A call ends at its deadline, whatever its attempts")
  func deadline() async throws {
    var settings = ClientTests.settings(attempts: 100_000, timeout: 60)
    settings.rules.deadline = 2
    let (failing, requests) = try await respond(settings) { _ in .answer(500, "") }
    #expect(throws: PolicyError.self) { try failing.get() }
    // A hundred thousand attempts would take hours, so the deadline ended the call.
    #expect(requests.count >= 1)
    let (hanging, _) = try await respond(settings) { _ in .hang(60) }
    let error = #expect(throws: PolicyError.self) { try hanging.get() }
    #expect(error?.kind == .timedOut)
  }

  @Test(
    "Refusals are told apart",
    arguments: [
      (402, #"{"error":{"message":"pay"}}"#, PolicyError.Kind.outOfCredit),
      (429, #"{"error":{"message":"no quota","code":"insufficient_quota"}}"#, .outOfCredit),
      (403, #"{"error":{"message":"flagged","code":"content_policy_violation"}}"#, .contentRefused),
      (400, #"{"error":{"message":"Your credit balance is too low"}}"#, .outOfCredit), (413, "", .contextTooLong),
      (302, "", .badRequest), (422, #"{"detail":"no"}"#, .badRequest),
      (400, #"{"error":"This model's maximum context length is 4096 tokens."}"#, .contextTooLong),
      (400, #"{"object":"error","message":"maximum context length is 10","code":400}"#, .contextTooLong),
      (400, #"{"error":{"code":"model_not_found","message":"no m"}}"#, .unknownModel),
      (529, #"{"error":{"type":"overloaded_error","message":"busy"}}"#, .serverFailed),
    ])
  func refusals(status: Int, body: String, kind: PolicyError.Kind) async throws {
    let (result, requests) = try await respond(ClientTests.settings(attempts: 2)) { _ in .answer(status, body) }
    let error = #expect(throws: PolicyError.self) { try result.get() }
    #expect(error?.kind == kind, "\(error?.message ?? "")")
    #expect(requests.count == (error?.isRetryable == true ? 2 : 1))
  }

  @Test(
    "Plain http beyond loopback is refused before anything is sent",
    arguments: [
      ("http://example.com/v1", false), ("http://10.0.0.1/v1", false), ("http://127.0.0.1.example.com/v1", false),
      ("http://localhost.example.com/v1", false), ("ftp://127.0.0.1/v1", false), ("https://example.com/v1", true),
      ("http://127.0.0.1:8080/v1", true), ("http://localhost:1/v1", true), ("http://[::1]:1/v1", true),
      ("http://127.9.9.9/v1", true), ("HTTP://127.0.0.1/v1", true), ("https://u:p@example.com/v1", false),
      ("https://example.com/v1?key=1", false), ("", false), ("nonsense", false),
    ])
  func urls(url: String, isFine: Bool) {
    #expect((ServerURL.problem(url, allowsPlainHTTP: false) == nil) == isFine)
  }

  // MARK: - Many at a time

  @Test("A verdict on every call is asked for once, however many wait")
  func oneVerdict() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .after(0.05, .answer(401, "")) }
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: ClientTests.settings())
      let kinds = await withTaskGroup(of: PolicyError.Kind?.self) { group in
        for particle in 0..<30 {
          group.addTask {
            do throws(PolicyError) { _ = try await policy.respond(to: ClientTests.request(particle)) } catch {
              return error.kind
            }
            return nil
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(kinds.allSatisfy { $0 == .unauthorized } && kinds.count == 30)
      #expect(server.requests.count == 1)
    }
  }

  @Test("A straggler is asked for a second time, and the first answer counts")
  func hedge() async throws {
    // On a busy machine an answer may be slow. The hang takes a minute, which is much longer.
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = {
      $0.number == 31 ? .hang(60) : .after(0.01, .answer(200, ClientTests.chat("red")))
    }
    try await TestServer.with(reply) { server in
      var settings = ClientTests.settings(attempts: 1, timeout: 120)
      settings.rules.hedge = 0.9
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      for particle in 0..<40 { _ = try await policy.respond(to: ClientTests.request(particle)) }
      #expect(server.requests.count > 40)
    }
  }

  @Test("Never more in flight than allowed, and fewer while the server refuses")
  func adaptive() async throws {
    // The server takes four requests at a time and refuses the rest.
    let desk = Desk(seats: 4)
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in desk.serve() }
    try await TestServer.with(reply) { server in
      var settings = ClientTests.settings(attempts: 200, timeout: 10)
      settings.rules.concurrency = 32
      settings.rules.retry.most = 0.05
      let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for particle in 0..<200 {
          group.addTask { _ = try await policy.respond(to: ClientTests.request(particle)) }
        }
        try await group.waitForAll()
      }
      // A busy machine may send too slowly to be refused often.
      #expect(policy.allowedConcurrency < 24 || desk.refused < 60)
      print("refused \(desk.refused) of \(server.requests.count), limit \(policy.allowedConcurrency)")
    }
  }

  /// A server with a number of seats. A request occupies a seat for 100 ms.
  final class Desk: Sendable {
    private let seats: Int
    private let state = Mutex<(ends: [ContinuousClock.Instant], refused: Int)>(([], 0))

    init(seats: Int) { self.seats = seats }

    var refused: Int { state.withLock(\.refused) }

    func serve() -> TestServer.Reply {
      state.withLock {
        $0.ends.removeAll { $0 < .now }
        guard $0.ends.count < seats else {
          $0.refused += 1
          return .answer(429, "{}")
        }
        $0.ends.append(.now + .milliseconds(100))
        return .after(0.1, .answer(200, ClientTests.chat("red")))
      }
    }
  }

  /// Set up once per process, as the library requires.
  static let metrics = {
    let metrics = TestMetrics()
    MetricsSystem.bootstrap(metrics)
    return metrics
  }()

  @Test func metricsAreCounted() async throws {
    let metrics = Self.metrics
    let (result, _) = try await respond { $0.number < 3 ? .answer(500, "") : .answer(200, ClientTests.chat("red")) }
    #expect(try result.get().first?.attempts == 3)
    let retries = try metrics.expectCounter("coxswain.policy.retries", [("kind", "serverFailed")])
    #expect(retries.totalValue >= 2)
  }
}
