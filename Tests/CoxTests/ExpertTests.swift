import Foundation
import GRDB
import TestTraits
import Testing

@testable import Workbench
@testable import cox

@Suite("Solutions to imitate, as a user collects them", .alone)
struct ExpertTests {
  /// No server listens at this address, and no call is made.
  static let policy = "policy: { kind: openai, url: \"http://127.0.0.1:9/v1\", model: m, attempts: 1, format: "

  private func rows<T: Sendable>(
    _ cox: Command, _ sql: String, _ read: @escaping @Sendable (Row) -> T
  ) async throws -> [T] {
    try await DatabaseQueue(path: cox.folder.appendingPathComponent("s.sqlite").path).read {
      try Row.fetchAll($0, sql: sql).map(read)
    }
  }

  @Test(
    "They are stored as rollouts of the policy expert; no call is made or counted",
    arguments: [
      ("kind: orders, tasks: { train: \"0..<6\" }", 30), ("kind: arithmetic, tasks: { train: \"0..<6\" }", 18),
      ("kind: textcraft, depths: \"1...1\", lengths: \"2...2\", ways: cheapest, tasks: { train: \"0..<6\" }", 12),
    ])
  func collect(environment: String, steps: Int) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      "environment: { \(environment) }\n\(Self.policy)plain }\nlimits: { calls: 1 }", to: "c.yaml")
    // The second run changes nothing.
    for _ in 0..<2 {
      let result = try await cox.run(
        "collect", "--expert", "--config", file, "--store", "s.sqlite", "--json", "-", "--quiet")
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(result.json["trajectories"] as? Int == 6 && result.json["unsolved"] as? Int == 0)
      #expect(result.json["policyCalls"] as? Int == 0)
      #expect((result.json["reward"] as? [String: Any])?["mean"] as? Double == 1)
    }
    let runs = try await rows(cox, "SELECT policy, format FROM run") {
      [$0["policy"] as String, $0["format"] as String]
    }
    #expect(runs == [["expert", "plain"]])
    let rewards = try await rows(cox, "SELECT reward FROM trajectory") { $0["reward"] as Double }
    #expect(rewards == Array(repeating: 1, count: 6))
    let taken = try await rows(cox, "SELECT response, action FROM step") {
      ($0["response"] as String, $0["action"] as String)
    }
    #expect(taken.count == steps && taken.allSatisfy { $0.0 == $0.1 })
    #expect(try await rows(cox, "SELECT 1 FROM call") { _ in 0 }.isEmpty)
  }

  @Test("The answers are written as the policy's format has them", arguments: ["react", "tools"])
  func formats(format: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      """
      environment: { kind: textcraft, depths: "1...2", tasks: { train: "0..<8" } }
      \(Self.policy)\(format) }
      """, to: "c.yaml")
    let result = try await cox.run("collect", "--expert", "--config", file, "--store", "s.sqlite", "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("8 solutions of train tasks") && result.output.contains("reward 1"))
    let steps = try await rows(cox, "SELECT response, action, isParsed FROM step") {
      ($0["response"] as String, $0["action"] as String, $0["isParsed"] as Bool)
    }
    #expect(!steps.isEmpty)
    for (response, action, isParsed) in steps {
      #expect(isParsed && (format == "tools" ? response.hasPrefix("<tool_call>") : response == "Action: \(action)"))
    }
    #expect(try await rows(cox, "SELECT policy FROM run") { $0["policy"] as String } == ["expert, \(format)"])
  }

  @Test("Tasks without a solution are left out, and said")
  func unsolved() async throws {
    let cox = try Command()
    defer { cox.clean() }
    func file(_ limit: Int) throws -> String {
      try cox.write(
        "environment: { kind: textcraft, maxSteps: \(limit), depths: \"2...3\", tasks: { train: \"0..<10\" } }\n"
          + Self.policy + "plain }", to: "c\(limit).yaml")
    }
    let some = try await cox.run(
      "collect", "--expert", "--config", try file(6), "--store", "s.sqlite", "--json", "-", "--quiet")
    let (stored, left) = (some.json["trajectories"] as? Int ?? 0, some.json["unsolved"] as? Int ?? 0)
    #expect(some.status == 0 && stored > 0 && left > 0 && stored + left == 10, "\(some.errors)")
    let none = try await cox.run("collect", "--expert", "--config", try file(1), "--store", "s.sqlite")
    #expect(none.status == 2 && none.errors.contains("no solution within the steps"), "\(none.errors)")
  }

  @Test("A world without an expert, and an expert asked twice, are refused")
  func refused() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let shop = try cox.write(
      "environment: { kind: shop, tasks: { train: \"0..<2\" } }\npolicy: { kind: local }", to: "c.yaml")
    let result = try await cox.run("collect", "--expert", "--config", shop, "--store", "s.sqlite")
    #expect(result.status == 2 && result.errors.contains("has no expert"), "\(result.errors)")
    let twice = try await cox.run("collect", "--expert", "--rollouts", "2", "--store", "s.sqlite")
    #expect(twice.status == 2 && twice.errors.contains("one solution"), "\(twice.errors)")
  }

  @Test("The configurations among the examples are read, and their splits share no task")
  func examples() async throws {
    let folder = Command.root.appendingPathComponent("Examples/Configurations")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
      .sorted()
    let inProcess = ["arithmetic-open.yaml", "textcraft-taught.yaml"]
    // A world without an expert.
    let foreign = ["agent.yaml"]
    let simulated = ["cookingworld.yaml", "mapreader.yaml", "twc.yaml"]
    #expect(
      names == (["arithmetic.yaml", "orders.yaml", "textcraft-small.yaml"] + foreign + inProcess + simulated).sorted())
    let cox = try Command()
    defer { cox.clean() }
    for name in names {
      let file = folder.appendingPathComponent(name).path
      if foreign.contains(name) {
        let shown = try await cox.run("collect", "--expert", "--config", file, "--store", "s.sqlite")
        #expect(shown.status != 0 && !shown.errors.contains(name), "\(shown.errors)")
        continue
      }
      for split in ["train", "validation", "test"] {
        let result = try await cox.run(
          "collect", "--expert", "--config", file, "--split", split, "--store", "\(name).sqlite", "--json", "-")
        #expect(result.status == 0 && result.json["unsolved"] as? Int == 0, "\(name): \(result.errors)")
        let mean = (result.json["reward"] as? [String: Any])?["mean"] as? Double
        // A reward is a difference of scores, which are shares such as thirds.
        #expect(abs((mean ?? 0) - 1) < 1e-9, "\(name): \(mean ?? 0)")
      }
    }
  }
}
