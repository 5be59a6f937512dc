import Agents
import ChildProcess
import JavaBridge

/// The keys that worlds on a simulator in Java share.
package struct SimulatorSettings: Sendable {
  private let program: JavaProgram
  private let jar: String?
  /// Py4J's jar, for programs that need it.
  private let gatewayJar: String?
  private let java: String?
  private let processes: Int?
  private let episodesPerProcess: Int?
  private let memory: Int?
  private let loadsPerProcess: Int?
  private let timeout: Double?
  private let variables: Set<String>

  /// - Parameter countsLoads: whether `loadsPerProcess` is a key.
  init(_ program: JavaProgram, _ yaml: inout YAMLMapping, countsLoads: Bool = false) throws {
    self.program = program
    jar = try yaml.text("jar", default: "[as installed](#what-is-installed-and-where)", "path of the simulator")
    gatewayJar =
      program.needsGateway
      ? try yaml.text("gatewayJar", default: "that of the environment with the simulator", "path of Py4J's jar") : nil
    java = try yaml.text("java", default: "that of `JAVA_HOME` or `PATH`", "path of Java")
    processes = try yaml.count(
      "processes", most: Bounds.processes, default: "half the cores, fewer if memory is short",
      "number of simulator processes")
    episodesPerProcess = try yaml.count("episodesPerProcess", default: "64", "episodes that one process keeps open")
    memory = try yaml.count(
      "memory", least: program.memory.least, most: Bounds.megabytes, default: "\(program.memory.standard)",
      "heap of a process, in MiB")
    loadsPerProcess =
      countsLoads ? try yaml.count("loadsPerProcess", default: "2000", "games after which a process is replaced") : nil
    timeout = try yaml.seconds("timeout", default: "60", "maximal duration of a simulator call, in seconds")
    variables = try yaml.variables()
  }

  var needs: Set<Need> {
    Set([.java(java)] + (jar == nil ? [.simulatorJar(program, gateway: gatewayJar)] : []))
  }

  /// Starts no process yet. The pool is closed if the world cannot be made.
  func world<W: World>(
    in environment: WorldSettings, _ make: (SimulatorPool) throws -> W
  ) async throws -> W {
    let places = Installation.current.environments
    let jar = try jar ?? program.findJar(in: places)
    var settings = SimulatorPool.Settings(
      program, jar: jar, gateway: try gatewayJar ?? program.findGateway(for: jar, in: places),
      java: try java ?? program.findJava(), processes: processes, memory: memory)
    settings.episodesPerProcess = episodesPerProcess ?? settings.episodesPerProcess
    settings.loadsPerProcess = loadsPerProcess ?? settings.loadsPerProcess
    if let timeout { settings.deadline = .seconds(timeout) }
    settings.environment = ChildEnvironment(passing: variables, keys: environment.children.keys)
    let pool = try await SimulatorPool.open(settings)
    do { return try make(pool) } catch {
      await pool.close()
      throw error
    }
  }
}
