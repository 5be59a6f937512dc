import Agents
import ScienceWorld

package struct ScienceWorldSettings: WorldKind {
  package static let name = "scienceworld"
  package static let summary = "A text laboratory, on its simulator in Java."

  /// The order of games that task numbers refer to.
  package enum Games: String, CaseIterable { case benchmark, all, variations }

  package let stepLimit: Int
  package let games: Games?
  package let topics: [String]
  package let simplifications: [ScienceWorld.Simplification]
  private let simulator: SimulatorSettings

  package init(_ yaml: inout YAMLMapping) throws {
    let names = ScienceWorld.Simplification.allCases.map(\.rawValue)
    stepLimit = try yaml.stepLimit(default: 30)
    games = try yaml.choice(
      "games", Games.self, default: "`benchmark`",
      """
      what `tasks` counts: `benchmark` (4,639 games of 23 tasks) or `all` (7,207 games). `variations` uses the \
      simulator's own splits instead of `tasks`
      """)
    topics =
      try yaml.texts("topics", default: "all 30", "with `variations`: which tasks, such as `[boil, melt]`") ?? []
    simplifications =
      try yaml.texts(
        "simplifications", default: .none,
        "`easy`, or some of \(names.filter { $0 != "easy" }.map { "`\($0)`" }.joined(separator: ", "))")?
      .map { name in
        guard let simplification = ScienceWorld.Simplification(rawValue: name) else {
          throw ConfigurationError(
            "environment.simplifications has \(name), which is none of \(names.joined(separator: ", ")).")
        }
        return simplification
      } ?? []
    simulator = try SimulatorSettings(.scienceWorld, &yaml, countsLoads: true)
    if !topics.isEmpty, games != nil, games != .variations {
      throw ConfigurationError("environment.topics goes with games: variations.")
    }
  }

  package var needs: Set<Need> { simulator.needs }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    let chosen: ScienceWorld.Games =
      switch games ?? (topics.isEmpty ? .benchmark : .variations) {
      case .benchmark: .benchmark(try environment.splits)
      case .all: .all(try environment.splits)
      case .variations: .variations(tasks: topics)
      }
    if case .variations = chosen, environment.tasks.values.contains(where: { !$0.isEmpty }) {
      throw ConfigurationError(
        "environment.tasks goes with games: benchmark or all; with variations the simulator's own splits are used.")
    }
    let prompting = try environment.prompts.applied(
      to: ScienceWorld.prompting, reflection: ScienceWorld.reflection)
    return try await simulator.world(in: environment) { pool in
      try ScienceWorld(
        pool: pool, games: chosen, simplifications: simplifications, stepLimit: stepLimit, prompting: prompting)
    }
  }
}
