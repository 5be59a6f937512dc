import Agents
import Foundation
import ParticleFilter
import RolloutStore
import TestTraits
import Testing

@testable import Workbench
@testable import cox

@Suite("Numbers that make no sense, and stores that are damaged, end in one sentence", .alone)
struct BoundsTests {
  static let billion = "1000000000"

  @Test(
    "In a configuration",
    arguments: [
      "policy: { kind: local, concurrency: 1000000000 }", "policy: { kind: local, slots: 1000000000 }",
      "policy: { kind: local, context: 1000000000 }", "policy: { kind: local, threads: 1000000000 }",
      "policy: { kind: local, maxTokens: 9223372036854775807 }",
      "policy: { kind: mlx, cacheMegabytes: 9223372036854775807 }",
      "policy: { kind: local, samplesPerCall: 1000000000 }", "critic: { kind: lm, threads: 1000000000 }",
      "critic: { kind: judge, policyKind: local, samples: 1000000000, temperature: 1 }",
      "critic: { kind: pooling, url: \"http://127.0.0.1:1\", model: m, batch: 1000000000 }",
      "environment: { kind: shop, products: 1000000000 }",
      "environment: { kind: scienceworld, memory: 9223372036854775807 }",
      "environment: { kind: scienceworld, processes: 1000000000 }",
      "environment: { kind: textcraft, distractors: 1000000000 }",
      "environment: { kind: process, command: [x], processes: 1000000000 }",
      "environment: { kind: arithmetic, terms: 1000000000 }",
      "environment: { kind: process, command: [x], maxSteps: 1000000000 }",
    ])
  func configured(line: String) {
    let others = ["environment: { kind: orders }", "policy: { kind: local }"].filter { !line.hasPrefix($0.prefix(6)) }
    let failure = ConfigurationTests.failure((others + [line]).joined(separator: "\n"))
    #expect(failure?.contains("; at most ") == true, "\(failure ?? "accepted")")
  }

  @Test("N, in a configuration and in flags")
  func particles() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let plain = try cox.write(
      "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: local }", to: "c.yaml")
    let many = try cox.write(
      "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: local }\nsteering: { particles: 1000000000 }",
      to: "n.yaml")
    for arguments in [
      ["steer", "--particles", Self.billion, "--config", plain, "--method", "best-of"],
      ["steer", "--config", many, "--method", "best-of"], ["plan", "--particles", Self.billion, "--config", plain],
      ["compare", "--particles", "8,\(Self.billion)", "--methods", "best-of", "--config", plain],
      ["collect", "--rollouts", Self.billion, "--config", plain],
      ["steer", "--concurrency", Self.billion, "--config", plain],
    ] {
      let (process, output, errors) = try cox.start(arguments)
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 2 && result.errors.contains("at most"), "\(arguments): \(result.errors)")
    }
  }

  @Test("A plan does not mind which steps are configured: it chooses them")
  func plan() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: local }\nsteering: { resample: { steps: [4, 8] } }",
      to: "c.yaml")
    let result = try await cox.run("plan", "--config", file, "--critic", "constant")
    // The store has no rollouts to plan from. That check comes after the settings have been accepted.
    #expect(result.errors.contains("cox collect") && !result.errors.contains("past the last step"), "\(result.errors)")
  }

  @Test("A flipped bit in a store's schema is said to be damage")
  func damaged() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let path = cox.folder.appendingPathComponent("s.sqlite").path
    do {
      let store = try RolloutStore(path: path)
      let world = WorldIdentity(kind: "w", rules: "r")
      let task = AgentTask(id: "t", request: "go", stepLimit: 2)
      try await store.begin(
        RunRecord(
          id: "run", verb: "steer", method: "amc", environment: world, policy: "p", format: .plain, critic: nil,
          isPrior: true, seed: 7, settings: "{}"))
      try await store.note([task], split: .train, of: world)
      let trajectory = Trajectory(task: task, opening: Observation("start"))
      try await store.save(
        run: "run", task: task, trajectories: [TrajectoryRecord(particle: 0, trajectory: trajectory)])
    }
    // The store is closed, so its write-ahead log has been merged into the file.
    let whole = try await cox.run("show", "--store", path)
    #expect(whole.status == 0, "\(whole.errors)")
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    for (name, argument) in [
      ("startedAt TEXT", nil), ("verb TEXT", nil), ("opening TEXT", "last/t/0"), ("stepLimit INT", "last/t/0"),
    ] {
      var data = sound
      let place = try #require(data.range(of: Data(name.utf8)), "\(name)")
      data[place.lowerBound] ^= 2
      try data.write(to: URL(fileURLWithPath: path))
      let result = try await cox.run(arguments: ["show", "--store", path] + [argument].compactMap(\.self))
      #expect(result.status == 1 && result.errors.contains("is damaged"), "\(name): \(result.status) \(result.errors)")
    }
  }
}
