import Agents
import Foundation
import RolloutStore
import Steering
import Synchronization
import Testing

@testable import Workbench

/// Ten tosses with the share of heads as the reward. It counts how often it is closed.
final class Tosses: World {
  let identity = WorldIdentity(kind: "tosses")
  let maximalReward: Double? = 1
  let closings = Mutex(0)

  func tasks(in split: Split) -> [AgentTask] { (0..<12).map { task(TaskID("\(split.rawValue)-\($0)")) } }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "Show heads.", stepLimit: 6) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let episode = ClosureEpisode(state: (tosses: 0, heads: 0)) { state, action in
      state.tosses += 1
      state.heads += action.text == "heads" ? 1 : 0
      let isDone = state.tosses == 6
      return Outcome(
        Observation("\(state.heads) heads"), reward: isDone ? Double(state.heads) / 6 : 0, isDone: isDone)
    }
    return (episode, Observation("0 heads", choices: ["heads", "tails"]))
  }

  func close() { closings.withLock { $0 += 1 } }
}

/// A critic that was trained on the train split and cannot be trained again, like a language model.
private struct Reader: TrainedCritic {
  let identity = "reader"
  let marginal = ReturnDistribution.point(0.3)
  let tasks: [TaskID]
  let asked = Asked()

  final class Asked: Sendable { let requests = Mutex<[CriticState]>([]) }

  func returnsToGo(from states: [CriticState]) -> [ReturnDistribution?] {
    asked.requests.withLock { $0 += states }
    return states.map { state in
      .point(Double(state.actions.count { $0 == "heads" }) / 6 + 0.3 * Double(6 - state.step) / 6)
    }
  }
}

@Suite("The workbench")
struct WorkbenchTests {
  private static let coin = ClosurePolicy("coin") { request in
    var generator = request.seed.generator()
    return PolicyResponse(generator.uniform() < 0.3 ? "heads" : "tails")
  }

  private static func options(_ world: Tosses, _ folder: URL) -> Workbench.Options {
    Workbench.Options(world: world, policy: coin, store: folder.appendingPathComponent("store.sqlite").path)
  }

  private static func withFolder<T>(_ body: (URL) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("workbench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
  }

  @Test("Collect, train, plan and steer from a program; run again, nothing is asked twice")
  func wholeWay() async throws {
    try await Self.withFolder { folder in
      let world = Tosses()
      let first = try await Workbench.with(Self.options(world, folder)) { bench in
        let collected = try await bench.collect(split: .train, rollouts: 8)
        #expect(collected.trajectories == 96 && collected.failedAttempts.count == 0)
        let trained = try await bench.train()
        #expect(trained.rollouts > 0 && FileManager.default.fileExists(atPath: trained.critic))
        var request = PlanRequest()
        request.work = 20_000
        let (plan, file) = try await bench.plan(request)
        #expect(plan.rollouts == 96 && FileManager.default.fileExists(atPath: file))
        return try await bench.steer()
      }
      let again = try await Workbench.with(Self.options(world, folder)) { try await $0.steer() }
      #expect(first.rewardBest.mean == again.rewardBest.mean && first.tasks == 12)
      #expect(world.closings.withLock(\.self) == 2)
    }
  }

  @Test("The world is closed once, also where the work fails or was only read")
  func closes() async throws {
    try await Self.withFolder { folder in
      let world = Tosses()
      await #expect(throws: CriticError.self) {
        try await Workbench.with(Self.options(world, folder)) { _ = try await $0.train() }
      }
      await #expect(throws: CriticError.self) {
        try await Workbench.with(Self.options(world, folder), creating: false) {
          _ = try await $0.diagnose(split: nil, critic: nil)
        }
      }
      #expect(world.closings.withLock(\.self) == 2)
    }
  }

  @Test("A trained critic that cannot be trained again is planned for on tasks that it did not see")
  func unseenTasks() async throws {
    try await Self.withFolder { folder in
      let world = Tosses()
      try await Workbench.with(Self.options(world, folder)) { bench in
        for split in [Split.train, .validation] { try await bench.collect(split: split, rollouts: 6) }
        let reader = Reader(tasks: world.tasks(in: .train).map(\.id))
        let plan = try await bench.makePlan(
          critic: reader, settings: SteeringSettings(particles: 4, answer: .search), work: 20_000)
        #expect(plan.tasks == 12 && plan.rollouts == 72)
        #expect(reader.asked.requests.withLock { $0.count } == 72 * 6)
        let all = Reader(tasks: (world.tasks(in: .train) + world.tasks(in: .validation)).map(\.id))
        let error = await #expect(throws: CriticError.self) {
          try await bench.makePlan(critic: all, settings: SteeringSettings(particles: 4, answer: .search), work: 20_000)
        }
        #expect(error?.kind == .tooLittleData)
      }
    }
  }

  @Test("A program is not started to learn an identity that is known")
  func rememberedWorld() async throws {
    try await Self.withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let maze = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Examples/Maze/maze.py").path
      let starts = folder.appendingPathComponent("starts").path
      let file = folder.appendingPathComponent("c.yaml")
      try """
      environment: { kind: process, command: [sh, -c, "echo start >> '\(starts)'; exec python3 '\(maze)'"] }
      policy: { kind: local }
      """.write(to: file, atomically: true, encoding: .utf8)
      var options = try Workbench.Options(
        configuration: file.path, store: folder.appendingPathComponent("store.sqlite").path)
      options.policy = ClosurePolicy("walker") { request in
        var generator = request.seed.generator()
        return PolicyResponse(["north", "south", "east", "west"].randomElement(using: &generator) ?? "north")
      }
      let opened = try await Workbench.with(options) { bench in
        try await bench.collect(TaskChoice(split: .train, tasks: "0,1"), rollouts: 3).report.trajectories
      }
      let count = try String(contentsOfFile: starts, encoding: .utf8).count { $0 == "\n" }
      #expect(opened == 6 && count >= 1)
      let report = try await Workbench.with(options, creating: false) { try await $0.diagnose(split: nil, critic: nil) }
      #expect(report.diagnosis.tasks == 2 && report.environment.kind == "process")
      #expect(try String(contentsOfFile: starts, encoding: .utf8).count { $0 == "\n" } == count)
    }
  }
}
