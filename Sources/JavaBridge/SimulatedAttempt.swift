import Agents
import WorldKit

/// A game of a simulator, as an attempt needs it.
package protocol SimulatedGame: Sendable, CustomStringConvertible {
  /// The outcome of one action.
  associatedtype Report: ReplayedStep, Sendable
  /// What the simulator says when the game is set up.
  associatedtype Opening: Sendable

  /// Sets the game up, in place of the world's current one.
  func load(in world: SimulatedWorld) async throws(Py4JFailure) -> Opening

  /// Takes actions and returns their outcomes, one for each.
  func reports(of actions: [String], in world: SimulatedWorld) async throws(Py4JFailure) -> [Report]
}

/// One attempt at a game: the actions so far, and a place in the simulator pool.
package actor SimulatedAttempt<Game: SimulatedGame> {
  package nonisolated let game: Game
  private let pool: SimulatorPool
  private let ticket: SimulatorPool.Ticket
  /// The actions, with the outcome of each.
  private var past: [(action: String, report: Game.Report)] = []

  private var opening: Game.Opening?

  package private(set) var recoveryMismatches = 0

  /// How many times one step is tried if its process dies.
  private let attempts = 3

  package init(_ game: Game, in pool: SimulatorPool) async {
    self.game = game
    self.pool = pool
    ticket = await pool.ticket()
  }

  /// The outcome of the last action; nil at the start.
  package var last: Game.Report? { past.last?.report }

  /// Sets the game up.
  ///
  /// - Throws: as ``inWorld(_:)``.
  package func begin() async throws(WorldError) -> Game.Opening {
    try await inWorld { _ in }
    guard let opening else { throw WorldError(.unavailable, "\(name) gave no opening.") }
    return opening
  }

  /// Takes an action.
  ///
  /// - Throws: `diverged` if the game is over, or if a replay went otherwise than recorded.
  package func take(_ action: String) async throws(WorldError) -> Game.Report {
    guard last?.isDone != true else {
      throw WorldError(.diverged, "The game \(game) is over; the episode takes no more actions.")
    }
    let reports = try await inWorld { [game] world throws(Py4JFailure) in
      try await game.reports(of: [action], in: world)
    }
    guard let report = reports.first else { throw WorldError(.unavailable, "\(name) gave no report.") }
    past.append((action, report))
    return report
  }

  package func close() async { await pool.close(ticket) }

  /// Runs `body` in a world in which all actions so far have been taken.
  ///
  /// - Parameter loads: the number of games that `body` loads.
  /// - Throws: `failed` if the simulator refuses to set the game up at the first time, `unavailable` if it refuses
  ///   anything else or is lost several times in a row.
  package func inWorld<T: Sendable>(
    loads: Int = 0, _ body: @Sendable (SimulatedWorld) async throws(Py4JFailure) -> T
  ) async throws(WorldError) -> T {
    var last = Py4JFailure(.lost, "no connection")
    for _ in 0..<attempts {
      let place = try await pool.enter(ticket)
      // A game that was set up before is not at fault, and neither is it if there is no world to set it up in.
      var isFirstLoad = false
      do throws(Py4JFailure) {
        let world = try await pool.world(at: place)
        if place.isFresh {
          isFirstLoad = opening == nil
          opening = try await game.load(in: world)
          isFirstLoad = false
        }
        let again = place.isFresh ? try await game.reports(of: past.map(\.action), in: world) : []
        var comparison = ReplayComparison()
        let verdicts = zip(again, past).map { comparison.compare($0, with: $1.report) }
        guard again.count == past.count || !place.isFresh, !verdicts.contains(.diverges) else {
          await pool.close(ticket)
          throw Py4JFailure(.refused, divergence)
        }
        recoveryMismatches += comparison.mismatches
        let value = try await body(world)
        await pool.leave(ticket, loads: loads)
        return value
      } catch {
        if error.kind == .refused {
          await pool.close(ticket)
          throw WorldError(
            error.description == divergence ? .diverged : isFirstLoad ? .failed : .unavailable,
            "\(name), \(game), after \(past.count) actions: \(error)")
        }
        await pool.abandon(ticket)
        last = error
      }
    }
    throw WorldError(
      .unavailable, "\(name), \(game): \(attempts) processes in a row failed; the last: \(last).")
  }

  private var name: String { pool.settings.program.name }
  private let divergence = "played again, the same actions scored or ended differently"
}
