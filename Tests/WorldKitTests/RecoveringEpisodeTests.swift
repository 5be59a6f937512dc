import Agents
import Synchronization
import Testing
import WorldKit

/// A world that is lost at given calls, counted over all of its episodes.
private final class Frail: Sendable {
  private let calls = Mutex(0)
  private let lost: Set<Int>
  private let opened = Mutex(0)
  let pays: @Sendable (_ opening: Int, _ step: Int) -> Double
  let says: @Sendable (_ opening: Int) -> String
  /// If true, the task that makes a lost call is cancelled at that moment.
  let stopsTheTask: Bool

  init(
    lostAt lost: Set<Int>, stopsTheTask: Bool = false, says: @escaping @Sendable (Int) -> String = { _ in "start" },
    pays: @escaping @Sendable (Int, Int) -> Double = { _, step in Double(step) }
  ) {
    self.lost = lost
    self.stopsTheTask = stopsTheTask
    self.says = says
    self.pays = pays
  }

  var openings: Int { opened.withLock(\.self) }

  func begin() async throws(WorldError) -> (episode: RecoveringEpisode, observation: Observation) {
    try await RecoveringEpisode.begin { () async throws(WorldError) in
      let opening = self.opened.withLock {
        $0 += 1
        return $0
      }
      let episode = ClosureEpisode(state: 0) { (step: inout Int, action) throws(WorldError) in
        let call = self.calls.withLock {
          $0 += 1
          return $0
        }
        if self.lost.contains(call) {
          if self.stopsTheTask { withUnsafeCurrentTask { $0?.cancel() } }
          throw WorldError(.unavailable, "lost")
        }
        step += 1
        return Outcome(Observation("\(action.text) \(step)"), reward: self.pays(opening, step))
      }
      return (episode, Observation(self.says(opening)))
    }
  }
}

@Test func aLostEpisodeGoesOnWhereItWas() async throws {
  let world = Frail(lostAt: [3])
  var (episode, _) = try await world.begin()
  for step in 1...4 {
    let outcome = try await episode.step(.act("go"))
    #expect(outcome == Outcome(Observation("go \(step)"), reward: Double(step)))
  }
  #expect(world.openings == 2)
}

@Test(arguments: [("a b", 0), ("b a", 1)])
func textsThatReadOtherwiseAreCounted(second: String, count: Int) async throws {
  let world = Frail(lostAt: [3], says: { $0 == 1 ? "a b" : second })
  var (episode, _) = try await world.begin()
  for _ in 1...3 { _ = try await episode.step(.act("go")) }
  #expect(episode.recoveryMismatches == count)
}

@Test func itMayBeLostAgainOnTheWayBack() async throws {
  // Calls 1 and 2 are steps. Call 3 is lost. Call 4 is the first of the replay and is lost too. Calls 5 and 6 are the
  // replay, and 7 is the step.
  let world = Frail(lostAt: [3, 4])
  var (episode, _) = try await world.begin()
  for step in 1...3 { #expect(try await episode.step(.act("go")).reward == Double(step)) }
  #expect(world.openings == 3)
}

@Test func whatIsLostEveryTimeIsGivenUp() async throws {
  let world = Frail(lostAt: Set(2...99))
  var (episode, _) = try await world.begin()
  _ = try await episode.step(.act("go"))
  let error = await #expect(throws: WorldError.self) { try await episode.step(.act("go")) }
  #expect(error?.kind == .unavailable && world.openings == 3)
}

@Test func aReplayThatPaysOtherwiseHasDiverged() async throws {
  let world = Frail(lostAt: [2], pays: { opening, _ in Double(opening) })
  var (episode, _) = try await world.begin()
  _ = try await episode.step(.act("go"))
  let error = await #expect(throws: WorldError.self) { try await episode.step(.act("go")) }
  #expect(error?.kind == .diverged)
}

@Test func anotherTaskThanBeforeHasDiverged() async throws {
  let world = Frail(lostAt: [2], says: { "craft \($0) boots" })
  var (episode, _) = try await world.begin()
  _ = try await episode.step(.act("go"))
  let error = await #expect(throws: WorldError.self) { try await episode.step(.act("go")) }
  #expect(error?.kind == .diverged && error?.message.contains("begins differently") == true)
}

@Test func aViewInAnotherOrderIsTheSame() async throws {
  let world = Frail(lostAt: [2], says: { $0 == 1 ? "a cup, a bowl," : "a bowl, a cup," })
  var (episode, _) = try await world.begin()
  for step in 1...2 { #expect(try await episode.step(.act("go")).reward == Double(step)) }
}

@Test func whoIsStoppedDoesNotWaitForAWorldToComeBack() async throws {
  let world = Frail(lostAt: Set(1...99), stopsTheTask: true)
  let task = Task {
    var (episode, _) = try await world.begin()
    return try await episode.step(.act("go"))
  }
  let error = await #expect(throws: WorldError.self) { try await task.value }
  #expect(error?.kind == .cancelled && world.openings == 1)
}

@Test("A neighbour's fault costs no try of one's own", .timeLimit(.minutes(10)))
func displaced() async throws {
  let calls = Mutex(0)
  var (episode, _) = try await RecoveringEpisode.begin { () async throws(WorldError) in
    let episode = ClosureEpisode(state: 0) { (step: inout Int, _) throws(WorldError) in
      let call = calls.withLock {
        $0 += 1
        return $0
      }
      // Four losses caused by another episode. As its own fault they would be one too many.
      if call <= 4 { throw WorldError(.displaced, "the neighbour hung") }
      step += 1
      return Outcome(Observation("\(step)"))
    }
    return (episode, Observation("start"))
  }
  #expect(try await episode.step(.act("go")).observation.text == "1")
  #expect(calls.withLock(\.self) == 5)
}
