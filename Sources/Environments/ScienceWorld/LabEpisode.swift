import Agents
import WorldKit

/// One attempt at a game: the actions so far, and a place in the simulator pool.
actor LabEpisode: Episode {
  private let pool: SimulatorPool
  private let game: Game
  private let simplifications: String
  private let ticket: SimulatorPool.Ticket
  /// The actions, with the score and end after each.
  private var past: [(action: String, report: Bench.Report)] = []

  private(set) var recoveryMismatches = 0

  /// How many times one step is tried if its process dies.
  private static let attempts = 3
  /// The longest action, in bytes. Longer texts are not valid in this world.
  private static let longestAction = 1_000
  static let unknownAction = "No known action matches that input."

  private init(pool: SimulatorPool, game: Game, simplifications: String, ticket: SimulatorPool.Ticket) {
    self.pool = pool
    self.game = game
    self.simplifications = simplifications
    self.ticket = ticket
  }

  /// Sets the game up.
  static func begin(
    _ game: Game, simplifications: String, in pool: SimulatorPool
  ) async throws(WorldError) -> (episode: LabEpisode, observation: Observation) {
    let episode = LabEpisode(pool: pool, game: game, simplifications: simplifications, ticket: await pool.ticket())
    do throws(WorldError) {
      let (request, view) = try await episode.atBench { bench throws(Py4JFailure) in try await bench.opening() }
      return (episode, Observation(request + "\n\n" + view))
    } catch {
      await episode.close()
      throw error
    }
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    guard past.last?.report.isDone != true else {
      throw WorldError(.diverged, "The game \(game) is over; the episode takes no more actions.")
    }
    // The world is not asked, so no time passes in it.
    guard case .act(let text) = action, text.utf8.count <= Self.longestAction else {
      return Outcome(Observation(Self.unknownAction), isInvalid: true)
    }
    let before = past.last?.report.score ?? 0
    let reports = try await atBench { bench throws(Py4JFailure) in try await bench.reports(of: [text]) }
    guard let report = reports.first else { throw WorldError(.unavailable, "ScienceWorld gave no report.") }
    past.append((text, report))
    return Outcome(
      Observation(report.text), reward: Double(report.score - before) / 100, isDone: report.isDone,
      isInvalid: report.text == Self.unknownAction)
  }

  func close() async { await pool.close(ticket) }

  /// The simulator's own solution. The episode cannot be used afterwards.
  func goldPath() async throws(WorldError) -> [String] {
    try await atBench { [game, simplifications] bench throws(Py4JFailure) in
      try await bench.goldPath(game, simplifications: simplifications)
    }
  }

  /// Runs `body` at a world in which all actions so far have been taken.
  private func atBench<T: Sendable>(
    _ body: @Sendable (Bench) async throws(Py4JFailure) -> T
  ) async throws(WorldError) -> T {
    var last = Py4JFailure(.lost, "no connection")
    for _ in 0..<Self.attempts {
      let place = try await pool.enter(ticket)
      do throws(Py4JFailure) {
        let bench = try await pool.bench(at: place)
        if place.isFresh { try await bench.load(game, simplifications: simplifications) }
        let again = place.isFresh ? try await bench.reports(of: past.map(\.action)) : []
        var comparison = ReplayComparison()
        let verdicts = zip(again, past).map { comparison.compare($0, with: $1.report) }
        guard !verdicts.contains(.diverges) else {
          await pool.close(ticket)
          throw Py4JFailure(.refused, Self.divergence)
        }
        recoveryMismatches += comparison.mismatches
        let value = try await body(bench)
        await pool.leave(ticket)
        return value
      } catch {
        if error.kind == .refused {
          await pool.close(ticket)
          throw WorldError(
            error.description == Self.divergence ? .diverged : .unavailable,
            "ScienceWorld, \(game), after \(past.count) actions: \(error)")
        }
        await pool.abandon(ticket)
        last = error
      }
    }
    throw WorldError(
      .unavailable, "ScienceWorld, \(game): \(Self.attempts) processes in a row failed; the last: \(last).")
  }

  private static let divergence = "played again, the same actions scored or ended differently"
}
