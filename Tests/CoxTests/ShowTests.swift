import Agents
import Foundation
import ParticleFilter
import RolloutStore
import TestSupport
import TestTraits
import Testing

@testable import Workbench
@testable import cox

@Suite("cox show", .alone)
struct ShowTests {
  private static let world = WorldIdentity(kind: "process", rules: "lab")

  /// A store with one population of two: at its checkpoint after one step the second was culled for the first.
  private func store(in folder: URL) async throws -> String {
    let path = folder.appendingPathComponent("s.sqlite").path
    let store = try RolloutStore(path: path)
    let task = AgentTask(id: "melt/1", request: "Melt.", stepLimit: 2)
    try await store.begin(
      RunRecord(
        id: "abcdef0123456789", verb: "steer", method: "amc", environment: Self.world, policy: "p", format: .react,
        critic: "c", isPrior: false, seed: 1, settings: "{\"temperature\":0.1}"))
    try await store.note([task], split: .test, of: Self.world)
    func trajectory(_ second: String, reward: Double) -> Trajectory {
      Trajectory(
        task: task, opening: Observation("A lab."),
        steps: [
          Step(
            response: "Thought: first\nAction: look", action: .act("look"),
            outcome: Outcome(Observation("\u{1B}[31mIce."))),
          Step(
            response: "Action: \(second)", action: .act(second),
            outcome: Outcome(Observation("Done."), reward: reward, isDone: true)),
        ])
    }
    let checkpoint = Checkpoint(
      step: 1, logWeights: LogWeights([0, -9]), softValues: [0.625, 0.125], ancestors: [0, 0], logEvidence: 0)
    try await store.save(
      run: "abcdef0123456789", task: task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: trajectory("heat", reward: 0.5), logWeight: -1),
        TrajectoryRecord(particle: 1, trajectory: trajectory("melt", reward: 1), logWeight: 0),
      ], genealogy: Genealogy(count: 2, checkpoints: [checkpoint]))
    for (particle, step, reasoning) in [(0, 0, "of the ancestor"), (1, 0, "of the culled"), (1, 1, "its own")] {
      try await store.record(
        AnswerRecord(
          key: CallKey(run: "abcdef0123456789", task: task.id, particle: particle, step: step), promptDigest: "",
          response: PolicyResponse("", reasoning: reasoning), seconds: 0))
    }
    return path
  }

  @Test func runsTasksAndTrajectoriesAreListedAndOneIsShown() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let path = try await store(in: cox.folder)
    let runs = try await cox.run("show", "--store", path)
    #expect(runs.status == 0 && runs.output.contains("abcdef0123") && runs.output.contains("amc"))
    let tasks = try await cox.run("show", "last", "--store", path)
    #expect(tasks.output.contains("melt/1") && tasks.output.contains("0.750"))
    let particles = try await cox.run("show", "abc/melt/1", "--store", path)
    #expect(particles.output.contains("0.500") && particles.output.contains("−1.000"))
    let best = try await cox.run("show", "abcdef/melt/1/best", "--store", path)
    #expect(best.status == 0, "\(best.errors)")
    #expect(best.output.contains("melt/1, particle 1 of run abcdef0123 (steer, amc, process)"))
    for part in [
      "Step 1  reward 0.000, 0.000 so far  critic 0.625 to come", "Reasoning    of the ancestor", "Thought      first",
      "Action       melt", "␛[31mIce.", "Reasoning    its own", "Step 2  reward +1.000, 1.000 so far  done",
    ] {
      #expect(best.output.contains(part), "\(part) in \(best.output)")
    }
    #expect(!best.output.contains("of the culled"))
    let json = try await cox.run("show", "last/melt/1/worst", "--store", path, "--json", "-").json
    let steps = try #require(json["steps"] as? [[String: Any]])
    #expect(steps.count == 2 && steps[0]["criticValue"] as? Double == 0.625 && steps[1]["action"] as? String == "heat")
  }

  @Test func whatIsNotThereIsSaid() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let missing = try await cox.run("show", "--store", "none.sqlite")
    #expect(missing.status == 2 && missing.errors.contains("none.sqlite"))
    let path = try await store(in: cox.folder)
    for (argument, words) in [
      ("fff", "abcdef0123"), ("last/boil/2", "melt/1"), ("last/melt/1/7", "there are 0, 1"), ("", "abcdef0123"),
    ] {
      let result = try await cox.run("show", argument, "--store", path)
      #expect(result.status == 2 && result.errors.contains(words), "\(argument): \(result.errors)")
    }
  }

  @Test func attemptsUnderWayAreListedAndPrinted() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let path = cox.folder.appendingPathComponent("running.sqlite").path
    // The writer keeps the store open meanwhile.
    let store = try RolloutStore(path: path)
    let task = try await StoredRuns().begin(store, "under/way")
    let runs = try await cox.run("show", "--store", path)
    #expect(runs.status == 0 && runs.output.contains("c011ec7000") && !runs.output.contains("no trajectories"))
    let tasks = try await cox.run("show", "last", "--store", path)
    #expect(tasks.output.contains("running") && tasks.output.contains("under/way"), "\(tasks.output)\(tasks.errors)")
    let attempts = try await cox.run("show", "last/under/way", "--store", path)
    #expect(attempts.output.components(separatedBy: "running").count == 3, "\(attempts.output)")
    let first = try await cox.run("show", "last/under/way/0", "--store", path)
    for part in [
      "under/way, particle 0 of run c011ec7000", "running, 2 of at most 4 steps", "Seen before step 1.", "Step 1\n",
      "Reasoning    reasoning about look", "Action       look", "Seen before step 2.", "Action       take",
      "(not stored yet)",
    ] {
      #expect(first.output.contains(part), "\(part) in \(first.output)\(first.errors)")
    }
    #expect(!first.output.contains("reward"))
    let json = try await cox.run("show", "last/under/way/1", "--store", path, "--json", "-").json
    #expect((json["particle"] as? [String: Any])?["standing"] as? String == "running")
    let missing = try await cox.run("show", "last/under/way/7", "--store", path)
    #expect(missing.status == 2 && missing.errors.contains("7"))
    try await StoredRuns().end(store, task)
    let ended = try await cox.run("show", "last/under/way/best", "--store", path)
    #expect(ended.output.contains("reward 1.000 in 3 of at most 4 steps"), "\(ended.output)")
  }
}
