import Agents
import Foundation
import GRDB
import RolloutStore
import TestSupport
import Testing

@Suite("Failed attempts in the store")
struct StoredFailureTests {
  static let tasks = ["t1", "t2"].map { AgentTask(id: TaskID($0), request: "do it", stepLimit: 3) }

  static func trajectory(_ task: AgentTask, reward: Double) -> Trajectory {
    Trajectory(
      task: task, opening: Observation("open"),
      steps: [Step(response: "a", action: .act("a"), outcome: Outcome(Observation(""), reward: reward, isDone: true))])
  }

  /// A store in which one attempt of the first task ends with 0.5 and no attempt of the second task ends.
  static func filled(_ path: String) async throws -> RolloutStore {
    let store = try RolloutStore(path: path)
    try await store.begin(StoreTests.run())
    try await store.note(tasks, split: .train, of: StoreTests.world)
    func record(_ task: AgentTask, _ particle: Int, _ failure: AttemptFailure?) -> TrajectoryRecord {
      TrajectoryRecord(particle: particle, trajectory: trajectory(task, reward: 0.5), failure: failure)
    }
    let tooLong = AttemptFailure(.contextTooLong, "9,000 tokens")
    try await store.save(
      run: "r1", task: tasks[0],
      trajectories: [record(tasks[0], 0, nil), record(tasks[0], 1, tooLong), record(tasks[0], 2, tooLong)])
    try await store.save(
      run: "r1", task: tasks[1], trajectories: [record(tasks[1], 0, AttemptFailure(.environmentFailed, "it hung"))])
    return store
  }

  @Test("are told apart, counted with their reasons, and in no figure")
  func counted() async throws {
    let scratch = try Scratch()
    let store = try await Self.filled(scratch.path("s.sqlite"))
    let failed = try await store.failedAttempts(of: StoreTests.world, policy: "p", split: .train)
    #expect(failed.count == 3 && failed.tasks == 1)
    #expect(
      failed.reasons.map(\.reason) == [.contextTooLong, .environmentFailed] && failed.reasons.map(\.count) == [2, 1])
    #expect(failed.reasons[0].example == "9,000 tokens")
    #expect(try await store.failedAttempts(of: StoreTests.world, policy: "p", split: .test) == .none)
    #expect(try await store.failedAttempts(of: StoreTests.world, policy: "q", split: .train) == .none)
    #expect(try await store.rollouts(of: StoreTests.world, policy: "p", split: .train).count == 1)
    #expect(try await store.inventory(of: StoreTests.world).map(\.rollouts) == [1])
    let rows = try await store.tasks(ofRun: "r1")
    #expect(rows.map(\.failed) == [2, 1] && rows.map(\.trajectories) == [3, 1])
    #expect(rows.map(\.rewardBest) == [0.5, nil] && rows.map(\.rewardMean) == [0.5, nil])
    let records = try await store.trajectories(run: "r1", task: "t1")
    #expect(records.map(\.failure?.kind) == [nil, .contextTooLong, .contextTooLong])
  }

  @Test("An attempt that gets through in the end takes the place of the failed one")
  func replaced() async throws {
    let scratch = try Scratch()
    let store = try await Self.filled(scratch.path("s.sqlite"))
    try await store.save(
      run: "r1", task: Self.tasks[1],
      trajectories: [TrajectoryRecord(particle: 0, trajectory: Self.trajectory(Self.tasks[1], reward: 1))])
    let failed = try await store.failedAttempts(of: StoreTests.world, policy: "p", split: .train)
    #expect(failed.count == 2 && failed.tasks == 0)
  }

  @Test("A store of version 4 is brought up to date, its failures of an unknown kind")
  func migration() async throws {
    let scratch = try Scratch()
    let path = scratch.path("old.sqlite")
    do { _ = try await Self.filled(path) }
    try await DatabaseQueue(path: path).write { try $0.execute(sql: OlderStore.four) }
    let store = try RolloutStore(path: path)
    let failed = try await store.failedAttempts(of: StoreTests.world, policy: "p", split: .train)
    #expect(failed.reasons.map(\.reason) == [.unknown] && failed.count == 3)
    #expect(try await store.trajectories(run: "r1", task: "t2")[0].failure == AttemptFailure(.unknown, "it hung"))
  }

  @Test("What a world broke over comes back as a failure, and what it answered as an outcome")
  func outcomes() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(StoreTests.run())
    let key = CallKey(run: "r1", task: "t1", particle: 2, step: 3)
    let record = OutcomeRecord(
      key: key, past: "p", action: "go", outcome: Outcome(Observation("")),
      failure: AttemptFailure(.environmentFailed, "it hung"))
    try await store.record(record)
    #expect(try await store.outcome(for: key) == record)
    let sound = OutcomeRecord(key: key, past: "p", action: "go", outcome: Outcome(Observation("x"), reward: 0.25))
    try await store.record(sound)
    #expect(try await store.outcome(for: key) == sound)
  }

  @Test(
    "A rollout whose rewards are absurd, stored by an older version, trains nothing", arguments: [1e308, -1e308, 2e9])
  func absurd(reward: Double) async throws {
    let scratch = try Scratch()
    let store = try await Self.filled(scratch.path("s.sqlite"))
    try await store.save(
      run: "r1", task: Self.tasks[1],
      trajectories: [TrajectoryRecord(particle: 0, trajectory: Self.trajectory(Self.tasks[1], reward: reward))])
    #expect(
      try await store.rollouts(of: StoreTests.world, policy: "p", split: .train).map(\.trajectory.reward) == [0.5])
  }
}
