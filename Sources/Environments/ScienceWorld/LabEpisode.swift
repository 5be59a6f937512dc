import Agents
import JavaBridge

/// One attempt at a game.
struct LabEpisode: Episode {
  private let attempt: SimulatedAttempt<Lab>

  /// The longest action, in bytes. Longer texts are not valid in this world.
  private static let longestAction = 1_000
  static let unknownAction = "No known action matches that input."

  var recoveryMismatches: Int { get async { await attempt.recoveryMismatches } }

  /// Sets the game up.
  static func begin(
    _ game: Game, simplifications: String, in pool: SimulatorPool
  ) async throws(WorldError) -> (episode: LabEpisode, observation: Observation) {
    let episode = LabEpisode(
      attempt: await SimulatedAttempt(Lab(game: game, simplifications: simplifications), in: pool))
    do throws(WorldError) {
      let (request, view) = try await episode.attempt.inWorld { world throws(Py4JFailure) in
        try await Bench(world: world).opening()
      }
      return (episode, Observation(request + "\n\n" + view))
    } catch {
      await episode.close()
      throw error
    }
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    let before = await attempt.last
    // The world is not asked, so no time passes in it. After the end any action is refused below.
    guard before?.isDone == true || action.isParsed && action.text.utf8.count <= Self.longestAction else {
      return Outcome(Observation(Self.unknownAction), isInvalid: true)
    }
    let report = try await attempt.take(action.text)
    return Outcome(
      Observation(report.text), reward: Double(report.score - (before?.score ?? 0)) / 100, isDone: report.isDone,
      isInvalid: report.text == Self.unknownAction)
  }

  func close() async { await attempt.close() }

  /// The simulator's own solution. The episode cannot be used afterwards.
  func goldPath() async throws(WorldError) -> [String] {
    let lab = attempt.game
    return try await attempt.inWorld(loads: 1) { world throws(Py4JFailure) in
      try await Bench(world: world).goldPath(lab.game, simplifications: lab.simplifications)
    }
  }
}

/// A game with its simplifications.
private struct Lab: SimulatedGame {
  let game: Game
  /// In the simulator's format.
  let simplifications: String

  var description: String { game.description }

  func load(in world: SimulatedWorld) async throws(Py4JFailure) {
    try await Bench(world: world).load(game, simplifications: simplifications)
  }

  func reports(of actions: [String], in world: SimulatedWorld) async throws(Py4JFailure) -> [Bench.Report] {
    try await Bench(world: world).reports(of: actions)
  }
}
