import Agents
import Foundation
import Steering
import Workbench

/// How long `diagnose`, `plan` and `report` take on a store, the first time and again.
enum AnalysisBench {
  /// Twelve steps; at each the clerk takes a thing that is wanted or not, and sees some words. The reward is the share of
  /// wanted things.
  private struct Shelves: World {
    static let steps = 12
    let count: Int

    var identity: WorldIdentity { WorldIdentity(kind: "shelves", rules: "\(Self.steps)") }
    var maximalReward: Double? { 1 }
    func tasks(in split: Split) -> [AgentTask] {
      split == .train ? (0..<count).map { task(TaskID("shelf-\($0)")) } : []
    }
    func task(_ id: TaskID) -> AgentTask {
      var generator = Seed(7).split(id.rawValue).generator()
      return AgentTask(id: id, request: Self.words(14, using: &generator), stepLimit: Self.steps)
    }
    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
      (Shelf(seed: Seed(8).split(task.id.rawValue)), Observation("You stand before the shelves."))
    }
    func transcript(for trajectory: Trajectory) -> Transcript {
      Transcript(entries: [.prompt(trajectory.actions.joined(separator: "\n"))])
    }

    static func words(_ count: Int, using generator: inout SplitMix64) -> String {
      (0..<count).map { _ in "word\(generator.next() % 600)" }.joined(separator: " ")
    }
  }

  private struct Shelf: Episode {
    let seed: Seed
    var step = 0
    var right = 0

    mutating func step(_ action: Action) -> Outcome {
      step += 1
      if action.text.hasPrefix("take") { right += 1 }
      var generator = seed.split(step).split(action.text).generator()
      let isDone = step == Shelves.steps
      return Outcome(
        Observation((action.text.hasPrefix("take") ? "Good: " : "No: ") + Shelves.words(12, using: &generator)),
        reward: isDone ? Double(right) / Double(Shelves.steps) : 0, isDone: isDone)
    }

    func fork() -> (any Episode)? { self }
  }

  private static let clerk = ClosurePolicy("clerk") { request in
    var generator = request.seed.generator()
    let verb = generator.uniform() < 0.6 ? "take" : "leave"
    return PolicyResponse("\(verb) \(Shelves.words(2, using: &generator))")
  }

  static func usual() async throws { try await run(rollouts: 1_000) }
  static func large() async throws { try await run(rollouts: 10_000) }

  /// - Parameter rollouts: the number of rollouts, eight of each task.
  private static func run(rollouts: Int) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("analysis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let options = Workbench.Options(
      world: Shelves(count: rollouts / 8), policy: clerk, store: folder.appendingPathComponent("store.sqlite").path,
      steering: SteeringSettings(particles: 8, temperature: 0.05, answer: .search, seed: 1))
    try await Workbench.with(options) { bench in
      _ = try await bench.collect(split: .train, rollouts: 8)
      let training = try await Bench.seconds { try await bench.train() }
      print("\(rollouts) rollouts of \(Shelves.steps) steps: train \(Bench.text(training, 1)) s")
    }
    for pass in ["first", "again"] {
      // Each in a workbench of its own, as a command would.
      try await Workbench.with(options, creating: false) { bench in
        let diagnosis = try await Bench.seconds { _ = try await bench.diagnose(split: nil, critic: nil) }
        let plan = try await Bench.seconds { _ = try await bench.plan() }
        let report = try await Bench.seconds { _ = try await bench.report(ReportRequest()) }
        print(
          "  \(pass): diagnose \(Bench.text(diagnosis, 2)) s, plan \(Bench.text(plan, 2)) s, "
            + "report \(Bench.text(report, 2)) s")
      }
    }
    print("  memory at most \(MemoryBench.peakMegabytes()) MB")
  }
}
