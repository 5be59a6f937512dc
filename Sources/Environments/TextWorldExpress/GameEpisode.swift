import Agents
import JavaBridge

/// One attempt at a game.
struct GameEpisode: Episode {
  private let attempt: SimulatedAttempt<PlayedGame>
  private let hidden: Set<String>

  /// The longest action, in bytes. Longer texts are not valid in this world.
  private static let longestAction = 1_000
  /// The simulator's words for what it does not understand.
  static let unknownAction = "Unknown action: I'm not sure what you mean."

  var recoveryMismatches: Int { get async { await attempt.recoveryMismatches } }

  /// Sets the game up.
  static func begin(
    _ setup: GameSetup, hidden: Set<String>, in pool: SimulatorPool
  ) async throws(WorldError) -> (episode: GameEpisode, observation: Observation) {
    let episode = GameEpisode(attempt: await SimulatedAttempt(PlayedGame(setup: setup), in: pool), hidden: hidden)
    do throws(WorldError) {
      let (request, view) = try await episode.attempt.begin()
      return (episode, Observation("\(request.trimmed)\n\(view.text)", choices: episode.choices(view)))
    } catch {
      await episode.close()
      throw error
    }
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    let before = await attempt.last
    let text = action.isParsed && action.text.utf8.count <= Self.longestAction ? action.text : ""
    let report = try await attempt.take(text)
    return Outcome(
      Observation(report.text, choices: choices(report)), reward: report.score - (before?.score ?? 0),
      isDone: report.isDone, isInvalid: report.text.lowercased().contains("unknown action"))
  }

  func close() async { await attempt.close() }

  /// The simulator's own solution. The episode cannot be used afterwards.
  func solution() async throws(WorldError) -> [String]? {
    let setup = attempt.game.setup
    return try await attempt.inWorld(loads: GameSetup.tries) { world throws(Py4JFailure) in
      try await setup.solution(in: world)
    }
  }

  /// In alphabetical order, since the simulator's own order depends on hash codes; and each once, since simonsays lists
  /// some several times.
  private func choices(_ report: GameReport) -> [String] {
    let shown = report.validActions.filter { !hidden.contains($0) }
    return Set(shown.isEmpty ? report.validActions : shown).sorted()
  }
}

/// What the pool needs of a game.
private struct PlayedGame: SimulatedGame {
  let setup: GameSetup

  var description: String { "\(setup.game.rawValue) \(setup.id)" }

  func load(in world: SimulatedWorld) async throws(Py4JFailure) -> (request: String, view: GameReport) {
    try await setup.load(in: world)
  }

  func reports(of actions: [String], in world: SimulatedWorld) async throws(Py4JFailure) -> [GameReport] {
    var reports: [GameReport] = []
    for answer in try await world.answers(to: actions.map { world.call("stepJSON", .text($0)) }) {
      reports.append(try GameReport(try answer.text()))
    }
    return reports
  }
}
