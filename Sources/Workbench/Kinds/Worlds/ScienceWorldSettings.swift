import Agents
import ChildProcess
import JavaBridge
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
  package let jar: String?
  package let java: String?
  package let processes: Int?
  package let episodesPerProcess: Int?
  package let memory: Int
  package let loadsPerProcess: Int?
  package let timeout: Double?
  package let variables: Set<String>

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
    jar = try yaml.text(
      "jar", default: "[as installed](#what-is-installed-and-where)", "path of the simulator")
    java = try yaml.text("java", default: "that of `JAVA_HOME` or `PATH`", "path of Java")
    processes = try yaml.count(
      "processes", most: Bounds.processes, default: "half the cores, fewer if memory is short",
      "number of simulator processes")
    episodesPerProcess = try yaml.count(
      "episodesPerProcess", default: "64", "episodes that one process keeps open")
    memory = try yaml.count(
      "memory", least: 128, most: Bounds.megabytes, default: 1_024, "heap of a process, in MiB")
    loadsPerProcess = try yaml.count(
      "loadsPerProcess", default: "2000", "games after which a process is replaced")
    timeout = try yaml.seconds("timeout", default: "60", "maximal duration of a simulator call, in seconds")
    variables = try yaml.variables()
    if !topics.isEmpty, games != nil, games != .variations {
      throw ConfigurationError("environment.topics goes with games: variations.")
    }
  }

  package var needs: Set<Need> { Set([.java(java)] + (jar == nil ? [.simulatorJar(.scienceWorld)] : [])) }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    var settings = SimulatorPool.Settings(
      .scienceWorld, jar: try jar ?? JavaProgram.scienceWorld.findJar(in: Installation.current.environments),
      java: try java ?? JavaProgram.scienceWorld.findJava(), processes: processes, memory: memory)
    settings.episodesPerProcess = episodesPerProcess ?? settings.episodesPerProcess
    settings.loadsPerProcess = loadsPerProcess ?? settings.loadsPerProcess
    if let timeout { settings.deadline = .seconds(timeout) }
    settings.environment = ChildEnvironment(passing: variables, keys: environment.children.keys)
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
    let pool = try await SimulatorPool.open(settings)
    return try ScienceWorld(
      pool: pool, games: chosen, simplifications: simplifications, stepLimit: stepLimit, prompting: prompting)
  }
}
