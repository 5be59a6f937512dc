import Foundation
import GRDB
import RolloutStore
import TestSupport
import TestTraits
import Testing

@Suite("What only reads needs no write access", .alone)
struct ReadOnlyTests {
  /// Runs `cox` as an unprivileged user, since root may write anywhere.
  static func run(_ cox: Command, _ arguments: [String]) async throws -> Command.Result {
    guard getuid() == 0 else { return try await cox.run(arguments: arguments) }
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", Command.program("cox").path]
    let (process, output, errors) = try cox.start(nobody + arguments, at: "/usr/bin/setpriv")
    return await Command.finish(process, output, errors)
  }

  /// Makes the folder and its files read-only for everybody while `body` runs.
  static func withReadOnly<T>(_ folder: URL, _ body: () async throws -> T) async throws -> T {
    func set(_ mode: Int, _ folderMode: Int) throws {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(folder.path)/\(name)")
      }
      try FileManager.default.setAttributes([.posixPermissions: folderMode], ofItemAtPath: folder.path)
    }
    try set(0o444, 0o555)
    do {
      let value = try await body()
      try set(0o644, 0o755)
      return value
    } catch {
      try set(0o644, 0o755)
      throw error
    }
  }

  static func state(of folder: URL) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return Dictionary(
      uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: folder.appendingPathComponent($0))) })
  }

  @Test(
    "show, diagnose, plan, report, export and a recording, on a store that was closed, killed, or is of an older version",
    arguments: ["closed", "killed", "old"])
  func reading(state: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let folder = cox.folder.appendingPathComponent("archive")
    let store = folder.appendingPathComponent("s.sqlite").path
    try await TestServer.with(OrderServer.answer) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      let collected = try await cox.run("collect", "--config", file, "--store", store, "--rollouts", "3", "--quiet")
      #expect(collected.status == 0, "\(collected.errors)")
      switch state {
      case "killed":
        // A killed run leaves a write-ahead log that has not been merged into the file.
        let files = FileManager.default
        let names = ["s.sqlite", "s.sqlite-wal"]
        let pool = try DatabasePool(path: store)
        try await pool.write { try $0.execute(sql: "UPDATE run SET verb = 'logged'") }
        for name in names {
          try files.copyItem(atPath: "\(folder.path)/\(name)", toPath: cox.folder.appendingPathComponent(name).path)
        }
        try pool.close()
        try files.removeItem(at: folder)
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in names {
          try files.moveItem(atPath: cox.folder.appendingPathComponent(name).path, toPath: "\(folder.path)/\(name)")
        }
      case "old":
        try await DatabaseQueue(path: store).write { try $0.execute(sql: OlderStore.four) }
      default: break
      }
      let before = try Self.state(of: folder)
      let page = cox.folder.appendingPathComponent("out").path
      try FileManager.default.createDirectory(atPath: page, withIntermediateDirectories: true)
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: page)
      try await Self.withReadOnly(folder) {
        let runs = try await Self.run(cox, ["show", "--store", store])
        #expect(runs.status == 0, "\(runs.errors)")
        if state == "killed" { #expect(runs.output.contains("logged"), "\(runs.output)") }
        for arguments in [
          ["show", "last", "--store", store], ["diagnose", "--config", file, "--store", store, "--quiet"],
          [
            "plan", "--config", file, "--store", store, "--quiet", "--plan", "\(page)/p.json", "--critic", "constant",
            "--work", "1e5",
          ],
          ["report", "--config", file, "--store", store, "--quiet", "--output", "\(page)/r.html"],
          ["export", "--config", file, "--store", store, "--cassette", "\(page)/c.jsonl"],
        ] {
          let result = try await Self.run(cox, arguments)
          #expect(result.status == 0, "\(arguments[0]): \(result.errors)")
        }
        let page = try await Self.run(cox, ["report", "--config", file, "--store", store, "--quiet"])
        #expect(page.status == 2 && page.errors.contains("--output"), "\(page.errors)")
        let asked = server.requests.count
        let steered = try await Self.run(
          cox, ["steer", "--method", "single", "--config", file, "--store", store, "--quiet"])
        #expect(steered.status == 1 && steered.errors.contains("is read-only"), "\(steered.errors)")
        #expect(server.requests.count == asked)
      }
      #expect(try Self.state(of: folder) == before)
    }
  }

  @Test("report writes beside its store")
  func besideItsStore() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(OrderServer.answer) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      let steered = try await cox.run(
        "steer", "--method", "best-of", "--config", file, "--store", "deep/er/s.sqlite", "--quiet")
      #expect(steered.status == 0, "\(steered.errors)")
      let report = try await cox.run("report", "--config", file, "--store", "deep/er/s.sqlite", "--quiet")
      #expect(report.status == 0 && report.output.contains("deep/er/report.html"), "\(report.output)\(report.errors)")
      #expect(FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent("deep/er/report.html").path))
      #expect(!FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent(".coxswain").path))
    }
  }

  @Test("What only reads makes no store")
  func makesNone() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      "environment: { kind: orders }\npolicy: { kind: openai, url: \"http://127.0.0.1:9\", model: m }", to: "c.yaml")
    for verb in ["diagnose", "plan", "report", "train", "export"] {
      let rest = verb == "export" ? ["--cassette", "c.jsonl"] : []
      let result = try await cox.run(arguments: [verb, "--config", file, "--store", "none/s.sqlite"] + rest)
      #expect(result.status != 0)
    }
    #expect(!FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent("none").path))
  }
}
