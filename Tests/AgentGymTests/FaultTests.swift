import Agents
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import AgentGym

@Suite("Against servers with faults")
struct FaultTests {
  /// A healthy textcraft server. `fault` may replace any of its answers.
  static func with<T: Sendable>(
    _ dialect: Dialect = .textcraft, timeout: Double = 300, closing: Double = 60,
    _ fault: @escaping @Sendable (TestServer.Request, _ place: String, _ count: Int) -> TestServer.Reply?,
    _ body: (AgentGym, TestServer) async throws -> T
  ) async throws -> T {
    let counts = Mutex<[String: Int]>([:])
    return try await TestServer.with { request in
      let place = String(request.path.dropFirst("/v1".count))
      let count = counts.withLock {
        $0[place, default: 0] += 1
        return $0[place] ?? 0
      }
      return fault(request, place, count) ?? Self.healthy(place, count)
    } _: { server in
      try await AgentGym.with(dialect, [server.url], timeout: timeout, limits: { $0.closing = closing }) { world in
        try await body(world, server)
      }
    }
  }

  static func healthy(_ place: String, _ count: Int) -> TestServer.Reply {
    switch place {
    case "/": .answer(200, "\"This is environment TextCraft.\"")
    case "/create": .answer(200, #"{"id": \#(count - 1), "observation": "", "done": false, "reward": 0}"#)
    case "/reset": .answer(200, #"{"id": 0, "observation": "Goal", "done": false, "reward": 0}"#)
    case "/step": .answer(200, #"{"observation": "Done.", "reward": 0.25, "done": false}"#)
    case "/close": .answer(200, "true")
    default: .answer(404, #"{"detail": "Not Found"}"#)
    }
  }

  /// The result of one step, and the paths that were requested.
  static func step(
    timeout: Double = 300, _ fault: @escaping @Sendable (String, Int) -> TestServer.Reply?
  ) async throws -> (Result<Outcome, WorldError>, [String]) {
    try await with(timeout: timeout, closing: 60) { _, place, count in
      fault(place, count)
    } _: { world, server in
      var result: Result<Outcome, WorldError>
      do {
        var (episode, _) = try await world.begin("0")
        do { result = .success(try await episode.step(.act("go"))) } catch {
          result = .failure(error as? WorldError ?? .init(.unknownTask, ""))
        }
        await episode.close()
      } catch { result = .failure(error as? WorldError ?? .init(.unknownTask, "")) }
      await world.close()
      return (result, server.requests.map { String($0.path.dropFirst("/v1/".count)) })
    }
  }

  static func failure(
    timeout: Double = 300, _ fault: @escaping @Sendable (String, Int) -> TestServer.Reply?
  ) async throws -> WorldError? {
    if case .failure(let error) = try await step(timeout: timeout, fault).0 { error } else { nil }
  }

  @Test func aWellServerIsAskedInThisOrder() async throws {
    let (result, asked) = try await Self.step { _, _ in nil }
    #expect(try result.get().reward == 0.25)
    #expect(asked == ["", "create", "reset", "step", "close"])
  }

  @Test(arguments: [
    TestServer.Reply.reset, .truncated(#"{"observation": "Done.", "reward": 0.25, "done": false}"#),
    .answer(500, "Internal Server Error"), .answer(200, #"{"error": "The id 0 is not valid."}"#),
    .answer(200, #"{"error": "An error occurred while calling o0.step"}"#), .answer(503, ""),
  ])
  func aStepThatIsLostIsTakenInANewEnvironment(fault: TestServer.Reply) async throws {
    let (result, asked) = try await Self.step { place, count in place == "/step" && count == 1 ? fault : nil }
    #expect(try result.get().reward == 0.25)
    #expect(asked.count { $0 == "create" } == 2 && asked.count { $0 == "step" } == 2)
  }

  @Test func aFaultThatStaysIsSaidAfterThreeTriesAndNothingIsLeftOpen() async throws {
    let (result, asked) = try await Self.step { place, _ in place == "/step" ? .answer(500, "boom") : nil }
    guard case .failure(let error) = result else { return #expect(Bool(false)) }
    #expect(error.kind == .unavailable && error.message.contains("status 500: boom"))
    #expect(error.message.contains("environment.url (http://127.0.0.1") && error.message.contains("textcraft-0"))
    #expect(asked.count { $0 == "step" } == 3 && asked.count { $0 == "create" } == asked.count { $0 == "close" })
  }

  @Test func whatIsNoAnswerIsMisconfiguredAtOnce() async throws {
    for (body, words) in [
      (#"{"observation": "x", "reward": NaN, "done": false}"#, "NaN"), ("<html>", "not JSON"),
      (#"{"observation": "x", "done": false}"#, "nothing at \"reward\""), ("null", "nothing at"),
    ] {
      let (result, asked) = try await Self.step { place, _ in place == "/step" ? .answer(200, body) : nil }
      guard case .failure(let error) = result else { return #expect(Bool(false)) }
      #expect(error.kind == .misconfigured && error.message.contains(words), "\(error.message)")
      #expect(asked.count { $0 == "step" } == 1 && asked.last == "close")
    }
  }

  @Test func anEnvironmentWhoseResetFailsIsClosed() async throws {
    for fault in [
      TestServer.Reply.answer(422, #"{"detail": [{"type": "missing", "loc": ["body", "game"]}]}"#),
      .answer(200, #"{"error": "list index out of range"}"#), .answer(200, "[]"),
    ] {
      let (result, asked) = try await Self.step { place, _ in place == "/reset" ? fault : nil }
      guard case .failure(let error) = result else { return #expect(Bool(false)) }
      #expect(error.kind == .misconfigured, "\(error.message)")
      #expect(asked.count { $0 == "create" } == 1 && asked.count { $0 == "close" } == 1)
    }
  }

  @Test func anEnvironmentThatCannotBeCreatedIsTriedThreeTimes() async throws {
    let (result, asked) = try await Self.step { place, _ in
      place == "/create" ? .answer(200, #"{"error": "java not found"}"#) : nil
    }
    guard case .failure(let error) = result else { return #expect(Bool(false)) }
    #expect(error.kind == .unavailable && error.message.contains("java not found"))
    #expect(asked.count { $0 == "create" } == 3 && !asked.contains("close"))
  }

  @Test func aServerThatHangsOrFloodsIsUnavailable() async throws {
    let hung = try await Self.failure(timeout: 0.3) { place, _ in place == "/step" ? .hang(60) : nil }
    #expect(hung?.kind == .unavailable && hung?.message.contains("within 0.3 s") == true, "\(hung?.message ?? "")")
    let flood = try await Self.failure { place, _ in place == "/step" ? .endless : nil }
    #expect(flood?.kind == .unavailable && flood?.message.contains("4 MB") == true, "\(flood?.message ?? "")")
  }

  @Test func nobodyThereIsSaidWithWhatToDo() async throws {
    for urls in [["http://127.0.0.1:9"], ["http://127.0.0.1:9", "http://127.0.0.1:10"]] {
      try await AgentGym.with(.sciworld, urls) { world in
        let error = await #expect(throws: WorldError.self) { try await world.begin("0") }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.contains("start it with `sciworld --host") == true, "\(error?.message ?? "")")
      }
    }
  }

  @Test func aServerThatCannotCloseKeepsItsEnvironmentForTheNextEpisode() async throws {
    try await Self.with { _, place, _ in
      place == "/close" ? .answer(404, "{}") : nil
    } _: { world, server in
      let first = try await world.begin("0").episode
      await first.close()
      // The server rejects the close request. The environment then counts as free.
      while await world.pool.fleet.servers[0].free.isEmpty { await Task.yield() }
      for _ in 0..<3 { await (try await world.begin("1").episode).close() }
      await world.close()
      let asked = server.requests.map(\.path)
      #expect(asked.count { $0 == "/v1/create" } == 1 && asked.count { $0 == "/v1/close" } == 1)
      #expect(asked.count { $0 == "/v1/reset" } == 4)
    }
  }

  @Test func aBeginThatIsCancelledReturnsAtOnceAndIsClosedLater() async throws {
    try await Self.with { _, place, _ in
      place == "/create" ? .after(3, .answer(200, #"{"id": 7}"#)) : nil
    } _: { world, server in
      let task = Task { try await world.begin("0").episode }
      while !server.requests.contains(where: { $0.path == "/v1/create" }) { await Task.yield() }
      task.cancel()
      let error = await #expect(throws: WorldError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
      await world.close()
      #expect(server.requests.last?.path == "/v1/close" && server.requests.last?.json["id"] as? Int == 7)
    }
  }

  @Test func aStepThatIsCancelledIsClosed() async throws {
    try await Self.with { _, place, _ in
      place == "/step" ? .hang(60) : nil
    } _: { world, server in
      let task = Task {
        var (episode, _) = try await world.begin("0")
        return try await episode.step(.act("go"))
      }
      while !server.requests.contains(where: { $0.path == "/v1/step" }) { await Task.yield() }
      task.cancel()
      let error = await #expect(throws: WorldError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
      await world.close()
      #expect(server.requests.last?.path == "/v1/close")
    }
  }

  @Test func closingIsBoundedWhereTheServerHangs() async throws {
    try await Self.with(closing: 0.1) { _, place, _ in
      place == "/close" ? .hang(600) : nil
    } _: { world, _ in
      var episodes: [any Episode] = []
      for _ in 0..<20 { episodes.append(try await world.begin("0").episode) }
      for episode in episodes { await episode.close() }
      // If this does not return, the test does not end.
      await world.close()
      let error = await #expect(throws: WorldError.self) { try await world.begin("0") }
      #expect(error?.kind == .cancelled)
    }
  }

  @Test func anUnparsableAnswerIsNotSentAndTakesNoTime() async throws {
    try await Self.with { _, _, _ in
      nil
    } _: { world, server in
      var (episode, _) = try await world.begin("0")
      for action in [Action.unparsable("hm"), .act(String(repeating: "x", count: 10_000))] {
        let outcome = try await episode.step(action)
        #expect(outcome.isInvalid && !outcome.isDone && outcome.reward == 0)
      }
      await episode.close()
      #expect(!server.requests.contains { $0.path == "/v1/step" })
    }
  }

  @Test func payIsReckonedAsTheDialectSays() async throws {
    let amounts = [0.5, 0.25, 0.75]
    for (payment, paid) in [
      ("perStep", amounts), ("cumulative", [0.5, -0.25, 0.5]), ("highest", [0.5, 0, 0.25]),
    ] {
      let dialect = try Dialect(basedOn: .textcraft, overrides: ["payment": .text(payment)])
      let rewards = try await Self.with(dialect) { _, place, count in
        place == "/step"
          ? .answer(200, #"{"observation": "", "reward": \#(amounts[count - 1]), "done": false}"#) : nil
      } _: { world, _ in
        var (episode, _) = try await world.begin("0")
        var rewards: [Double] = []
        for _ in amounts { rewards.append(try await episode.step(.act("go")).reward) }
        await episode.close()
        return rewards
      }
      #expect(rewards == paid)
    }
  }

  @Test func theObservationMayBeAskedForApart() async throws {
    let dialect = try Dialect(basedOn: .textcraft, overrides: ["look": "GET /view", "openingObservation": ""])
    try await Self.with(dialect) { request, _, _ in
      request.path.hasPrefix("/v1/view?id=0") ? .answer(200, #""A room.""#) : nil
    } _: { world, _ in
      let (episode, observation) = try await world.begin("0")
      #expect(observation.text == "A room.")
      await episode.close()
    }
  }
}
