import Agents
import Foundation
import HTTP
import NIOHTTP1
import Synchronization
import TestSupport
import TestTraits
import Testing

@testable import ModelServers
@testable import Policies

private final class Flag: Sendable {
  private let state = Mutex(false)
  var isUp: Bool { state.withLock(\.self) }
  func raise() { state.withLock { $0 = true } }
}

/// Headers and body of a response, and the wait in seconds that they request.
enum Waits {
  static let all: [([(String, String)], String, Double?)] = [
    ([("retry-after-ms", "1500"), ("Retry-After", "2")], "", 1.5), ([("Retry-After", "7")], "", 7),
    ([("Retry-After", "0"), ("x-ratelimit-reset-tokens", "30s"), ("x-ratelimit-remaining-tokens", "0")], "", 0),
    (
      [
        ("x-ratelimit-remaining-requests", "59"), ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s"),
      ], "", 360
    ),
    ([("x-ratelimit-reset-requests", "20ms")], "", 0.02), ([("X-RateLimit-Reset", "1700000030000")], "", 30),
    ([("x-ratelimit-reset", "1700000030")], "", 30), ([("ratelimit-reset", "12")], "", 12),
    (
      [("anthropic-ratelimit-tokens-remaining", "0"), ("anthropic-ratelimit-tokens-reset", "2023-11-14T22:13:50Z")], "",
      30
    ),
    ([("x-ratelimit-remaining-tokens", "500"), ("x-ratelimit-reset-tokens", "6m0s")], "", nil),
    (
      [],
      #"{"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}"#,
      34.074824224
    ),
    ([], #"[{"error":{"details":[{"retryDelay":"5s"}]}}]"#, 5), ([], #"{"error":{"details":"none"}}"#, nil),
    ([("Retry-After", "soon"), ("retry-after-ms", "nan")], "", nil),
    ([("x-ratelimit-reset-requests", "never")], "", nil),
    ([("retry-after-ms", "-5")], "", 0), ([("retry-after-ms", "1e300")], "", 31_536_000), ([], "", nil),
  ]
}

@Suite("Outages cost time, not results", .alone)
struct OutageTests {
  typealias Step = RetryRule.Course.Step

  /// The steps after each of `errors` in turn, with `left` seconds to the deadline.
  static func steps(
    _ errors: [PolicyError], rule: RetryRule = RetryRule(attempts: 3, base: 1, most: 8), left: Double = 600,
    hasEverAnswered: Bool = true
  ) -> [Step] {
    var course = RetryRule.Course()
    return errors.map {
      course.next(after: $0, rule: rule, left: left, hasEverAnswered: hasEverAnswered, uniform: 0.5)
    }
  }

  static func error(_ kind: PolicyError.Kind, after seconds: Double? = nil) -> PolicyError {
    PolicyError(kind, "no", retryAfter: seconds)
  }

  @Test(
    "Only the deadline binds an outage", arguments: [PolicyError.Kind.rateLimited, .serverFailed, .connectionRefused])
  func outage(kind: PolicyError.Kind) {
    let errors = Array(repeating: Self.error(kind), count: 200)
    for hasEverAnswered in [true, false] {
      let steps = Self.steps(errors, hasEverAnswered: hasEverAnswered)
      #expect(steps.prefix(5) == [.pause(0.5), .pause(1), .pause(2), .pause(4), .pause(4)])
      #expect(steps.last == .pause(4))
    }
    let impatient = RetryRule(attempts: 3, base: 1, most: 8, waitsOutOutages: false)
    #expect(Self.steps(errors, rule: RetryRule(attempts: 1)).first == .giveUp(.attempts))
    #expect(Self.steps(errors, rule: impatient).prefix(3) == [.pause(0.5), .pause(1), .giveUp(.attempts)])
  }

  @Test("What may have been paid for is tried a bounded number of times, an outage in between not counted")
  func bounded() {
    let late = Self.error(.timedOut)
    #expect(Self.steps([late, late, late]).last == .giveUp(.attempts))
    let mixed = [late, Self.error(.serverFailed), Self.error(.rateLimited), late, Self.error(.serverFailed), late]
    #expect(Self.steps(mixed).map { $0 == .giveUp(.attempts) } == [false, false, false, false, false, true])
    let patient = RetryRule(attempts: 100)
    let unreadable = Array(repeating: Self.error(.malformedAnswer), count: 4)
    #expect(Self.steps(unreadable, rule: patient).last == .giveUp(.attempts))
    let gone = Array(repeating: Self.error(.unreachable), count: 4)
    #expect(Self.steps(gone, rule: patient, hasEverAnswered: false).last == .giveUp(.attempts))
    #expect(Self.steps(gone, rule: patient).last != .giveUp(.attempts))
    #expect(Self.steps([Self.error(.badRequest)]) == [.giveUp(.final)])
  }

  @Test("What the deadline leaves is used, and a wait beyond it is refused at once")
  func deadline() {
    let down = Self.error(.serverFailed)
    #expect(Self.steps([down, down, down, down], left: 3) == [.pause(0.5), .pause(1), .pause(2), .pause(1.5)])
    #expect(Self.steps([down, down, down, down], left: 1.5).last == .giveUp(.deadline))
    #expect(Self.steps([Self.error(.rateLimited, after: 3_600)]) == [.giveUp(.wait)])
    #expect(Self.steps([Self.error(.rateLimited, after: 20)]) == [.pause(20.5)])
    #expect(Self.steps([Self.error(.rateLimited, after: 0)]) == [.pause(0.5)])
  }

  @Test("How long a server asks to be left alone", arguments: Waits.all.indices)
  func waits(index: Int) throws {
    let (headers, body, seconds) = Waits.all[index]
    let json = body.isEmpty ? nil : try #require(JSONValue(parsing: body))
    let wait = RetryTime.seconds(HTTPHeaders(headers), json, now: Date(timeIntervalSince1970: 1_700_000_000))
    if let seconds {
      #expect(abs((wait ?? .nan) - seconds) < 1e-6, "\(headers) \(body)")
    } else {
      #expect(wait == nil, "\(headers)")
    }
  }

  @Test func lengthsOfTime() {
    for (text, seconds) in [
      ("1s", 1), ("6m0s", 360), ("1h2m3.5s", 3_723.5), ("120ms", 0.12), ("1m20ms", 60.02), ("2d", 172_800),
    ] as [(String, Double)] {
      #expect(RetryTime.duration(text).map { abs($0 - seconds) < 1e-9 } == true, "\(text)")
    }
    for text in ["", "s", "1x", "m1", "1s1m", "-1s"] { #expect(RetryTime.duration(text) == nil, "\(text)") }
  }

  // MARK: - Against a server

  static func settings(
    deadline: Double, attempts: Int = 2, firstPause: Double = 0.01
  ) -> ChatCompletionsPolicy.Settings {
    var settings = ClientTests.settings(attempts: attempts, timeout: 30)
    settings.rules.retry.waitsOutOutages = true
    (settings.rules.retry.base, settings.rules.retry.most) = (firstPause, 2 * firstPause)
    settings.rules.deadline = deadline
    return settings
  }

  @Test("Thirty refusals in a row are waited out where two attempts would be all", arguments: [429, 503, 408, 529])
  func waitedOut(status: Int) async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = {
      $0.number <= 30 ? .answer(status, "") : .answer(200, ClientTests.chat("red"))
    }
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: Self.settings(deadline: 120))
      let response = try await policy.respond(to: ClientTests.request())
      #expect(response.text == "red" && response.attempts == 31 && server.requests.count == 31)
    }
  }

  @Test("A server that is down is named by host and port, and used when it comes back")
  func comesBack() async throws {
    // A port that was never in use, below the range that the system assigns. A port that was in use may have been
    // inherited by a program started meanwhile.
    var (port, error) = (0, nil as PolicyError?)
    for _ in 0..<20 where error?.kind != .connectionRefused {
      port = Int.random(in: 20_000..<32_000)
      let policy = ChatCompletionsPolicy(url: "http://127.0.0.1:\(port)/v1", settings: Self.settings(deadline: 0.5))
      error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
    }
    let message = try #require(error?.message)
    #expect(
      error?.kind == .connectionRefused && message.contains("connection refused by 127.0.0.1:\(port)"), "\(message)")
    #expect(message.contains("policy.deadline (1 s)") && message.contains("stored answers"), "\(message)")

    let patient = ChatCompletionsPolicy(url: "http://127.0.0.1:\(port)/v1", settings: Self.settings(deadline: 120))
    let answer = Task { try await patient.respond(to: ClientTests.request()).text }
    try await Task.sleep(for: .milliseconds(300))
    let red: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(200, ClientTests.chat("red")) }
    let text = try await TestServer.with(port: port, red) { _ in
      try await answer.value
    }
    #expect(text == "red")
  }

  @Test("A wait that is longer than the deadline is told with what to do")
  func tooLongAWait() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      .answer(429, #"{"error":{"message":"daily limit"}}"#, headers: ["Retry-After": "3600"])
    }
    try await TestServer.with(reply) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: Self.settings(deadline: 600))
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
      let message = try #require(error?.message)
      for words in ["daily limit", "60 min", "policy.deadline", "4200", "run the same command later"] {
        #expect(message.contains(words), "\(message)")
      }
      #expect(error?.kind == .rateLimited && server.requests.count == 1)
    }
  }

  /// Answers all prompts except those with the word poison.
  static func poisoned(_ fault: TestServer.Reply) -> @Sendable (TestServer.Request) -> TestServer.Reply {
    { request in
      String(decoding: request.body, as: UTF8.self).contains("poison") ? fault : .answer(200, ClientTests.chat("red"))
    }
  }

  @Test(
    "A prompt that alone gets no answer fails alone",
    arguments: [
      TestServer.Reply.answer(500, "oops"), .answer(200, "no JSON"), .reset, .answer(200, #"{"choices":[]}"#),
    ])
  func alone(fault: TestServer.Reply) async throws {
    try await TestServer.with(Self.poisoned(fault)) { server in
      let policy = ChatCompletionsPolicy(url: server.url, settings: Self.settings(deadline: 10, attempts: 6))
      _ = try await policy.respond(to: ClientTests.request())
      let isOver = Flag()
      let others = Task {
        while !isOver.isUp {
          _ = try await policy.respond(to: ClientTests.request())
          try await Task.sleep(for: .milliseconds(5))
        }
      }
      var request = ClientTests.request()
      request.transcript = Transcript(entries: [.prompt("poison")])
      let poison = request
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: poison) }
      isOver.raise()
      try await others.value
      #expect(error?.kind == .unanswered && error?.concernsOneCall == true, "\(error?.message ?? "")")
    }
  }

  @Test("An outage that began after other answers is no fault of the prompt's")
  func notAlone() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = {
      $0.number <= 3 ? .answer(200, ClientTests.chat("red")) : .answer(502, "bad gateway")
    }
    try await TestServer.with(reply) { server in
      // No try begins within two first pauses of the deadline, so that it does not cut one off.
      let policy = ChatCompletionsPolicy(url: server.url, settings: Self.settings(deadline: 2, firstPause: 0.2))
      for _ in 0..<3 { _ = try await policy.respond(to: ClientTests.request()) }
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
      #expect(error?.kind == .serverFailed && error?.concernsOneCall == false)
    }
  }
}

@Suite("The clock that leaves out what a process spends stopped")
struct AwakeClockTests {
  @Test func aStopCountsAsOneBeat() {
    final class Real: Sendable {
      let seconds = Mutex(0.0)
    }
    let real = Real()
    let clock = AwakeClock { real.seconds.withLock(\.self) }
    func move(_ seconds: Double) -> Double {
      real.seconds.withLock { $0 += seconds }
      return clock.now
    }
    #expect(move(0.5) == 0.5 && move(0.5) == 1 && move(1.25) == 2.25)
    #expect(move(3_600) == 2.75 && move(0.5) == 3.25)
    // Setting the clock back does not reduce the time.
    #expect(move(-10) == 3.25 && move(0.5) == 3.75)
  }

  @Test func itRunsByItself() async throws {
    let start = AwakeClock.shared.now
    let real = ContinuousClock.now
    try await AwakeClock.shared.sleep(0.2)
    #expect(AwakeClock.shared.now - start >= 0.2 && ContinuousClock.now - real >= .milliseconds(190))
    let task = Task { try await AwakeClock.shared.sleep(600) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
