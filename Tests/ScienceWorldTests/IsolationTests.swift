import Agents
import Foundation
import TestSupport
import TestTraits
import Testing

@testable import JavaBridge
@testable import ScienceWorld

/// Episodes in one process do not affect each other.
extension SimulatorTests {
  /// The fault that ``Singletons`` prevents: in two worlds of the original jar, a `load` in one disturbs a game in the
  /// other.
  @Test func aLoadInOneWorldLeavesTheOtherAlone() async throws {
    try await SimulatorPool.with(settings()) { pool in
      let benches = [try await newBench(pool), try await newBench(pool)]
      // With the original jar, both worlds share the first world's objects.
      let shared = benches.map { bench in
        Bench(
          world: SimulatedWorld(
            connection: bench.world.connection, name: bench.world.name, context: benches[0].world.context))
      }
      let game = Game(task: "chemistry-mix", variation: 3)
      let path = try await benches[0].goldPath(game, simplifications: "easy")
      func score(_ benches: [Bench]) async throws -> Int {
        try await benches[0].load(game, simplifications: "easy")
        let half = path.count / 2
        _ = try await benches[0].reports(of: Array(path.prefix(half)))
        try await benches[1].load(Game(task: "boil", variation: 0), simplifications: "easy")
        let reports = try await benches[0].reports(of: Array(path.dropFirst(half)))
        return (reports.first { $0.isDone } ?? reports[reports.count - 1]).score
      }
      #expect(try await score(shared) < 100)
      #expect(try await score(benches) == 100)
      #expect(try await score(benches.reversed()) == 100)
    }
  }

  /// Finds every mutable static field of the game's classes and every mutable field of a singleton, including fields
  /// that hold mutable objects.
  @Test func theJarKeepsNothingElseOnceAProcess() async throws {
    let fields = try await SimulatorPool.with(settings()) { pool in
      let bench = try await newBench(pool)
      return try await SharedFields.names(bench.world.connection, jar: pool.settings.jar)
    }
    #expect(fields.count > 1)
    let replaced = fields.filter { field in Singletons.types.contains { field.hasPrefix($0 + ".") } }
    #expect(
      replaced == [
        "main.scala.scienceworld.runtime.SimplifierProcessor$.simplifications", "util.UniqueIdentifier$.count",
      ])
    #expect(
      Set(fields).subtracting(replaced) == [
        // A table of type names and numbers that only grows. The numbers appear only in tables that are never
        // requested.
        "util.UniqueTypeID$.lut", "util.UniqueTypeID$.nextID",
        // Ways through a house, for gold paths.
        "scienceworld.goldagent.PathFinder$.precomputedExhaustivePaths",
        // Word lists that are never written to.
        "scienceworld.input.InputParser$.stopWords", "scienceworld.objects.misc.Picture$.artist",
        "scienceworld.objects.misc.Picture$.pictureTypes", "scienceworld.objects.misc.Picture$.subjects",
      ])
  }

  /// Attempts in random order, first step by step and then concurrently. The arguments cover enough places, too few
  /// places, and processes that are replaced all the time.
  @Test(arguments: [(1, 8, 2000), (2, 2, 2000), (1, 2, 7)])
  func attemptsTogetherGoAsAlone(processes: Int, episodes: Int, loads: Int) async throws {
    // With few places, nearly every step is a replay, so there are fewer attempts.
    let attempts = Array(try await PlayedAttempt.alone.value.prefix(processes * episodes < 4 ? 3 : 6))
    let settings = try settings(processes: processes, episodes: episodes, memory: 512, loads: loads)
    try await SimulatorPool.with(settings) { pool in
      let world = try world(pool)
      #expect(try await attempts.playedInTurns(in: { _ in world }, seed: UInt64(processes * 10 + episodes)) == [])
      try await withThrowingTaskGroup { group in
        for attempt in attempts {
          group.addTask {
            let again = try await world.play(attempt.actions, attempt.id)
            #expect(again.opening == attempt.opening && again.outcomes == attempt.outcomes, "\(attempt.id)")
          }
        }
        try await group.waitForAll()
      }
    }
  }
}

private func newBench(_ pool: SimulatorPool) async throws -> Bench {
  Bench(world: try await pool.world(at: try await pool.enter(await pool.ticket())))
}

extension PlayedAttempt {
  /// Attempts in a process that runs nothing else.
  fileprivate static let alone = Task { try await several() }

  private static let games: [TaskID] = [
    "chemistry-mix/3", "boil/0", "chemistry-mix/3", "find-animal/7", "melt/1", "use-thermometer/3",
  ]

  /// Gold paths, the longer ones truncated. The game with wandering animals starts with some waiting.
  private static func several() async throws -> [PlayedAttempt] {
    var paths: [(TaskID, [String])] = []
    try await SimulatorPool.with(settings(memory: 512)) { pool in
      let world = try world(pool)
      for id in games {
        let idle = id == "find-animal/7" ? Array(repeating: "wait1", count: 4) + ["look around"] : []
        paths.append((id, idle + (try await world.goldPath(id).prefix(id == games[0] ? 16 : 8))))
      }
    }
    var attempts: [PlayedAttempt] = []
    for (id, actions) in paths {
      // Each attempt has its own process.
      let played = try await SimulatorPool.with(settings(memory: 512)) { pool in
        try await world(pool).play(actions, id)
      }
      attempts.append(PlayedAttempt(id, actions, played))
    }
    return attempts
  }
}
