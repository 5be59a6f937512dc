import Testing

@testable import AgentGym

@Suite("Who plays in which environment")
struct FleetTests {
  private let start = ContinuousClock.now

  /// Requests a place for an episode and occupies it.
  private func sit(_ fleet: inout Fleet, _ id: Int, after seconds: Int = 0, grace: Duration = .seconds(1)) -> (
    Int, Int
  )? {
    let now = start + .seconds(seconds)
    let place = fleet.place(at: now, grace: grace)
    guard let server = place.server else { return nil }
    let environment =
      switch place {
      case .reuse(let environment), .evict(let environment): environment
      default: fleet.made(.integer(id), at: server)
      }
    return fleet.sit(in: environment, at: now).map { ($0, server) }
  }

  @Test func newEpisodesGoWhereThereAreFewest() {
    var fleet = Fleet(servers: 3, capacity: nil, closes: true)
    var servers: [Int] = []
    for id in 0..<6 { servers.append(sit(&fleet, id)?.1 ?? -1) }
    #expect(servers == [0, 1, 2, 0, 1, 2])
    _ = fleet.leave(2)
    #expect(sit(&fleet, 7)?.1 == 1)
    // Places that are assigned but not yet occupied count too.
    #expect(fleet.place(at: start, grace: .zero).server == 0 && fleet.place(at: start, grace: .zero).server == 1)
  }

  @Test func aServerThatIsLostTakesItsEpisodesWithItAndIsAvoidedForAWhile() {
    var fleet = Fleet(servers: 2, capacity: nil, closes: true)
    let first = sit(&fleet, 0)?.0 ?? -1
    let second = sit(&fleet, 1)?.0 ?? -1
    fleet.lose(0, avoidingUntil: start + .seconds(10))
    #expect(fleet.use(first) == nil && fleet.use(second) != nil)
    #expect(sit(&fleet, 2)?.1 == 1 && sit(&fleet, 3)?.1 == 1)
    #expect(sit(&fleet, 4, after: 11)?.1 == 0)
    fleet.lose(1, avoidingUntil: start + .seconds(10))
    fleet.lose(0, avoidingUntil: start + .seconds(5))
    // Both servers are avoided. The one that was lost first is tried first.
    #expect(fleet.place(at: start, grace: .zero).server == 0)
  }

  @Test func aNameThatIsGivenTwiceSaysThatTheServerHasStartedAnew() {
    var fleet = Fleet(servers: 1, capacity: nil, closes: true)
    let old = sit(&fleet, 0)?.0 ?? -1
    let new = sit(&fleet, 0)?.0 ?? -1
    #expect(fleet.use(old) == nil && fleet.use(new)?.id == 0 && fleet.seats.count == 1)
  }

  @Test func anEnvironmentOfBeforeIsNeitherSatInNorKept() {
    var fleet = Fleet(servers: 1, capacity: nil, closes: true)
    _ = fleet.place(at: start, grace: .zero)
    let environment = fleet.made(5, at: 0)
    fleet.startAnew(0)
    #expect(fleet.sit(in: environment, at: start) == nil && fleet.load(0) == 1)
    fleet.giveUp(0)
    #expect(!fleet.keep(environment) && fleet.servers[0].free.isEmpty && fleet.load(0) == 0)
  }

  @Test func anEnvironmentThatIsLeftPlaysTheNextEpisode() throws {
    var fleet = Fleet(servers: 1, capacity: 1, closes: false)
    let ticket = sit(&fleet, 9)?.0 ?? -1
    let left = fleet.leave(ticket)
    let environment = try #require(left)
    let again = fleet.leave(ticket)
    let isKept = fleet.keep(environment)
    #expect(again == nil && isKept)
    guard case .reuse(environment) = fleet.place(at: start, grace: .zero) else { return #expect(Bool(false)) }
    #expect(fleet.servers[0].free.isEmpty)
  }

  @Test func whereAServerIsFullTheOneIdleLongestMakesRoom() {
    var fleet = Fleet(servers: 1, capacity: 2, closes: true)
    let first = sit(&fleet, 0)?.0 ?? -1
    let second = sit(&fleet, 1)?.0 ?? -1
    // All environments were used just now.
    #expect(sit(&fleet, 2) == nil)
    _ = fleet.use(first)
    let isThere = fleet.used(first, at: start + .seconds(3))
    #expect(isThere && sit(&fleet, 2, after: 3) != nil)
    #expect(fleet.use(second) == nil && fleet.use(first) != nil)
    // An environment with a step in progress is not taken, however long the step takes.
    #expect(fleet.place(at: start + .seconds(60), grace: .zero).server == 0)
    #expect(fleet.place(at: start + .seconds(60), grace: .zero).server == nil)
  }

  @Test func everythingIsClearedAtTheEnd() throws {
    var fleet = Fleet(servers: 2, capacity: nil, closes: true)
    for id in 0..<4 { _ = sit(&fleet, id) }
    let left = fleet.leave(1)
    let isKept = fleet.keep(try #require(left))
    let all = fleet.clear()
    let rest = fleet.clear()
    #expect(isKept && all.count == 4 && fleet.seats.isEmpty && rest.isEmpty)
  }
}

@Suite("Questions in line")
struct RequestGateTests {
  @Test func noMoreThanTheWidthAreInside() async throws {
    let gate = RequestGate(width: 2)
    let log = Log()
    await withTaskGroup { group in
      for number in 0..<20 { group.addTask { await Self.pass(gate) { await log.pass(number) } } }
    }
    #expect(await log.most <= 2)
    #expect(await log.count == 20)
  }

  @Test func whoIsCancelledLeavesTheLine() async throws {
    let gate = RequestGate(width: 1)
    let (stream, end) = AsyncStream<Int>.makeStream()
    let holder = Task { await Self.pass(gate) { await stream.reduce(0, +) } }
    while await gate.running == 0 { await Task.yield() }
    let waiter = Task { await Self.pass(gate) { 1 } }
    while await gate.waiting < 1 { await Task.yield() }
    let next = Task { await Self.pass(gate) { 2 } }
    while await gate.waiting < 2 { await Task.yield() }
    waiter.cancel()
    #expect(await waiter.value == nil)
    end.finish()
    #expect(await holder.value == 0)
    #expect(await next.value == 2)
    #expect(await gate.running == 0)
  }

  /// The result of `body`; nil if the task was cancelled.
  private static func pass(_ gate: RequestGate, _ body: @escaping @Sendable () async -> Int) async -> Int? {
    do throws(GymFailure) {
      return try await gate.withPlace { () async throws(GymFailure) -> Int in await body() }
    } catch {
      #expect(error.kind == .cancelled)
      return nil
    }
  }

  private actor Log {
    private(set) var most = 0
    private(set) var count = 0
    private var inside = 0

    func pass(_ number: Int) async -> Int {
      inside += 1
      most = max(most, inside)
      await Task.yield()
      inside -= 1
      count += 1
      return number
    }
  }
}
