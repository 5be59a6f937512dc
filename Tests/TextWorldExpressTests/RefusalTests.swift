import Agents
import JavaBridge
import Synchronization
import Testing
import WorldKit

@testable import TextWorldExpress

extension SimulatorTests {
  @Test("Only a game that is refused when it is first set up has failed", arguments: [0, 1])
  func refusals(good: Int) async throws {
    try await SimulatorPool.with(settings(episodes: 1)) { pool in
      let attempt = await SimulatedAttempt(Stubborn(good: good), in: pool)
      if good > 0 {
        try await attempt.begin()
        // Takes the only place, so that the game is set up again.
        let other = await SimulatedAttempt(Stubborn(good: 1), in: pool)
        try await other.begin()
        await other.close()
      }
      let error = await #expect(throws: WorldError.self) { try await attempt.inWorld { _ in } }
      #expect(error?.kind == (good > 0 ? .unavailable : .failed), "\(error?.message ?? "")")
    }
  }

  @Test("Without a world to set a game up in, the game has not failed")
  func noWorld() async throws {
    var settings = try settings()
    let (program, jar) = (settings.program, settings.jar)
    // Its constructor takes arguments.
    let broken = JavaProgram(
      name: program.name, distribution: program.distribution, version: program.version, jar: jar, needsGateway: true,
      memory: (standard: 64, least: 32), interface: "textworldexpress.goldagent.TWCGoldAgent")
    settings = SimulatorPool.Settings(
      broken, jar: jar, gateway: settings.gateway, java: settings.java, processes: 1)
    try await SimulatorPool.with(settings) { pool in
      let attempt = await SimulatedAttempt(Stubborn(good: 1), in: pool)
      let error = await #expect(throws: WorldError.self) { try await attempt.begin() }
      #expect(error?.kind == .unavailable, "\(error?.message ?? "")")
    }
  }

  @Test("The games that a solver plays count for the replacement of a process")
  func loads() async throws {
    let memory = 66
    try await SimulatorPool.with(settings(memory: memory, loads: GameSetup.tries)) { pool in
      let world = try TextWorldExpress(pool: pool, game: .twc, parameters: TextGame.twc.easy)
      var (episode, _) = try await world.begin(try world.task("train-5"))
      let first = Set(simulators(memory: memory))
      #expect(first.count == 1)
      #expect(try await world.solution(of: try world.task("train-0")) != nil)
      for _ in 0..<1_200 where !first.isDisjoint(with: simulators(memory: memory)) {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(first.isDisjoint(with: simulators(memory: memory)))
      #expect(try await !episode.step(.act("look around")).isInvalid)
      await episode.close()
    }
  }
}

/// A game that can be set up a number of times.
private final class Stubborn: SimulatedGame {
  struct Report: ReplayedStep {
    let seen = ""
    let reward = 0.0
    let isDone = false
  }

  private let good: Mutex<Int>
  let description = "stubborn"

  init(good: Int) { self.good = Mutex(good) }

  func load(in world: SimulatedWorld) async throws(Py4JFailure) {
    let isGood = good.withLock { left in
      left -= 1
      return left >= 0
    }
    guard isGood else { throw Py4JFailure(.refused, "not again") }
  }

  func reports(of actions: [String], in world: SimulatedWorld) async throws(Py4JFailure) -> [Report] {
    actions.map { _ in Report() }
  }
}
