import Agents
import ChildProcess
import JavaBridge
import TextWorldExpress

package struct TextWorldExpressSettings: WorldKind {
  package static let name = "textworld-express"
  package static let summary = "Eight short text games, on their simulator in Java."

  package let game: TextGame
  package let parameters: String
  package let stepLimit: Int
  package let hiddenActions: Set<String>
  package let jar: String?
  package let gatewayJar: String?
  package let java: String?
  package let processes: Int?
  package let episodesPerProcess: Int?
  package let memory: Int?
  package let timeout: Double?
  package let variables: Set<String>

  package init(_ yaml: inout YAMLMapping) throws {
    let given = try yaml.choice("game", TextGame.self, default: .required, "the game of all tasks")
    parameters =
      try yaml.text(
        "parameters", default: "[the game's](worlds.md#textworld-express)",
        "parameters of the game, as the simulator writes them: `\"numLocations=1,includeDoors=0\"`") ?? ""
    stepLimit = try yaml.stepLimit(default: 50)
    hiddenActions = Set(
      try yaml.texts(
        "hiddenActions", default: "`[look around, inventory]`",
        "admissible actions that are not listed among the choices. They can still be taken")
        ?? TextWorldExpress.idleActions.sorted())
    jar = try yaml.text("jar", default: "[as installed](#what-is-installed-and-where)", "path of the simulator")
    gatewayJar = try yaml.text(
      "gatewayJar", default: "that of the environment with the simulator", "path of Py4J's jar")
    java = try yaml.text("java", default: "that of `JAVA_HOME` or `PATH`", "path of Java")
    processes = try yaml.count(
      "processes", most: Bounds.processes, default: "half the cores, fewer if memory is short",
      "number of simulator processes")
    episodesPerProcess = try yaml.count("episodesPerProcess", default: "64", "episodes that one process keeps open")
    memory = try yaml.count(
      "memory", least: 32, most: Bounds.megabytes, default: "256", "heap of a process, in MiB")
    timeout = try yaml.seconds("timeout", default: "60", "maximal duration of a simulator call, in seconds")
    variables = try yaml.variables()
    guard let given else {
      throw ConfigurationError.missing(
        "environment.game", "one of \(TextGame.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    game = given
    do { _ = try game.values(in: parameters) } catch { throw ConfigurationError(error.message) }
  }

  package var needs: Set<Need> {
    Set([.java(java)] + (jar == nil ? [.simulatorJar(.textWorldExpress, gateway: gatewayJar)] : []))
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    let (program, places) = (JavaProgram.textWorldExpress, Installation.current.environments)
    let jar = try jar ?? program.findJar(in: places)
    var settings = SimulatorPool.Settings(
      program, jar: jar, gateway: try gatewayJar ?? program.findGateway(for: jar, in: places),
      java: try java ?? program.findJava(), processes: processes, memory: memory)
    settings.episodesPerProcess = episodesPerProcess ?? settings.episodesPerProcess
    if let timeout { settings.deadline = .seconds(timeout) }
    settings.environment = ChildEnvironment(passing: variables, keys: environment.children.keys)
    let prompting = try environment.prompts.applied(to: TextWorldExpress.prompting)
    let pool = try await SimulatorPool.open(settings)
    do {
      return try TextWorldExpress(
        pool: pool, game: game, parameters: parameters, splits: environment.splits, stepLimit: stepLimit,
        hiddenActions: hiddenActions, prompting: prompting)
    } catch {
      await pool.close()
      throw error
    }
  }
}
