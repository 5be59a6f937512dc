import Agents
import Foundation
import JavaBridge
import TestSupport
import Testing

@testable import TextWorldExpress

/// Episodes in one process do not affect each other.
extension SimulatorTests {
  @Test("The jar keeps nothing that changes once a process")
  func sharedState() async throws {
    let fields = try await SimulatorPool.with(settings()) { pool in
      let world = try await pool.world(at: try await pool.enter(await pool.ticket()))
      return try await SharedFields.names(world.connection, jar: pool.settings.jar, in: "textworldexpress")
    }
    #expect(
      Set(fields) == [
        // Lists that are written once.
        "textworldexpress.generator.GameGenerator$.VALID_GAME_NAMES",
        "textworldexpress.data.MathProblemGenerator$.trainSet", "textworldexpress.data.MathProblemGenerator$.devSet",
        "textworldexpress.data.MathProblemGenerator$.testSet",
        "textworldexpress.data.SortingProblemGenerator$.trainSet",
        "textworldexpress.data.SortingProblemGenerator$.devSet",
        "textworldexpress.data.SortingProblemGenerator$.testSet",
      ])
  }

  /// Attempts at all eight games in random order, step by step. The arguments cover enough places, too few places, and
  /// processes that are replaced all the time.
  @Test("Attempts in turns go as alone", arguments: [(1, 16, 2000), (1, 3, 2000), (1, 16, 9)])
  func turns(processes: Int, episodes: Int, loads: Int) async throws {
    let attempts = try await Attempt.all.value
    let settings = try settings(processes: processes, episodes: episodes, loads: loads)
    try await SimulatorPool.with(settings) { pool in
      let differences = try await attempts.map(\.played).playedInTurns(
        in: { number in
          let game = attempts[number].game
          return try TextWorldExpress(pool: pool, game: game, parameters: game.easy)
        }, seed: UInt64(episodes + loads))
      #expect(differences == [])
    }
  }
}

/// The outcomes of a game's actions in a process that runs nothing else at the time.
private struct Attempt: Sendable {
  let game: TextGame
  let played: PlayedAttempt

  static let all = Task {
    var attempts: [Attempt] = []
    for game in TextGame.allCases {
      // A process of its own for each game.
      attempts += try await SimulatorPool.with(settings()) { pool in
        let world = try TextWorldExpress(pool: pool, game: game, parameters: game.easy)
        var attempts: [Attempt] = []
        for id: TaskID in ["train-4", "test-20005"] {
          let actions = try #require(try await world.solution(of: try world.task(id)))
          attempts.append(
            Attempt(game: game, played: PlayedAttempt(id, actions, try await world.play(actions, id))))
        }
        return attempts
      }
    }
    return attempts
  }
}
