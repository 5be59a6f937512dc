import Agents
import Foundation
import GRDB
import ParticleFilter
import RolloutStore
import TestSupport
import Testing

/// A temporary folder, deleted with the object.
final class Scratch {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }
  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}

@Suite("The rollout store")
struct StoreTests {
  static let world = WorldIdentity(kind: "test", rules: "one")
  static let task = AgentTask(id: "t1", request: "do it", stepLimit: 3)

  static func run(_ id: String = "r1", isPrior: Bool = true, policy: String = "p") -> RunRecord {
    RunRecord(
      id: id, verb: "collect", method: "best-of", environment: world, policy: policy, format: .plain, critic: nil,
      isPrior: isPrior,
      seed: .max, settings: "{}")
  }

  static func answer(_ particle: Int, step: Int, text: String = "yes") -> AnswerRecord {
    AnswerRecord(
      key: CallKey(run: "r1", task: "t1", particle: particle, step: step), promptDigest: "d",
      response: PolicyResponse(
        text, usage: Usage(inputTokens: 10, cachedInputTokens: 4, outputTokens: 2, reasoningTokens: 1)),
      seconds: 0.5)
  }

  static func trajectory(_ actions: [String], reward: Double = 1) -> Trajectory {
    Trajectory(
      task: task, opening: Observation("open", choices: ["a", "b"]),
      steps: actions.enumerated().map { index, action in
        let isLast = index == actions.count - 1
        return Step(
          response: "Action: \(action)", action: index == 0 ? .act(action) : .unparsable(action),
          outcome: Outcome(
            Observation("saw \(action)\u{1B}", choices: isLast ? nil : [action]), reward: isLast ? reward : 0,
            isDone: isLast, isInvalid: index == 1))
      })
  }

  @Test func answersSurviveReopening() async throws {
    let scratch = try Scratch()
    do {
      let store = try RolloutStore(path: scratch.path("deep/er/s.sqlite"))
      try await store.begin(Self.run())
      await withTaskGroup(of: Void.self) { group in
        for particle in 0..<50 { group.addTask { try? await store.record(Self.answer(particle, step: 0)) } }
      }
      try await store.record(Self.answer(3, step: 0, text: "rather no"))
    }
    let store = try RolloutStore(path: scratch.path("deep/er/s.sqlite"))
    let spent = try #require(try await store.spent(run: "r1")["t1"])
    #expect(spent.calls == 50)
    #expect(spent.usage == Usage(inputTokens: 500, cachedInputTokens: 200, outputTokens: 100, reasoningTokens: 50))
    #expect(try await store.answer(for: Self.answer(7, step: 0).key) == Self.answer(7, step: 0))
    #expect(try await store.answer(for: Self.answer(3, step: 0).key)?.response.text == "rather no")
    #expect(try await store.answer(for: Self.answer(7, step: 1).key) == nil)
  }

  @Test func trajectoriesComeBackAsTheyWere() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(Self.run())
    try await store.note([Self.task], split: .train, of: Self.world)
    let trajectories = [Self.trajectory(["a", "b", "c"]), Self.trajectory(["b"], reward: 0.25)]
    let records = trajectories.enumerated().map {
      TrajectoryRecord(particle: $0, trajectory: $1, logWeight: -.infinity)
    }
    for _ in 0..<2 { try await store.save(run: "r1", task: Self.task, trajectories: records) }
    let rollouts = try await store.rollouts(of: Self.world, policy: "p", split: .train)
    #expect(rollouts.map(\.particle) == [0, 1])
    #expect(rollouts.map(\.trajectory.steps) == trajectories.map(\.steps))
    #expect(rollouts.map(\.trajectory.opening) == trajectories.map(\.opening))
    #expect(rollouts.map(\.trajectory.task) == [Self.task, Self.task])
    // Saving fewer trajectories later does not delete the others.
    try await store.save(run: "r1", task: Self.task, trajectories: [records[0]])
    #expect(try await store.rollouts(of: Self.world, policy: "p", split: .train).count == 2)
  }

  @Test func onlyThePriorsOwnWholeRolloutsAreTrainedOn() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.note([Self.task], split: .train, of: Self.world)
    for run in [Self.run("prior"), Self.run("steered", isPrior: false), Self.run("other", policy: "q")] {
      try await store.begin(run)
      try await store.save(
        run: run.id, task: Self.task,
        trajectories: [
          TrajectoryRecord(particle: 0, trajectory: Self.trajectory(["a"])),
          TrajectoryRecord(
            particle: 1, trajectory: Self.trajectory(["a"]), failure: AttemptFailure(.environmentFailed, "lost")),
          TrajectoryRecord(particle: 0, standing: .banked, trajectory: Self.trajectory(["b"])),
        ])
    }
    let rollouts = try await store.rollouts(of: Self.world, policy: "p", split: .train)
    #expect(rollouts.map(\.run) == ["prior"])
    #expect(rollouts.map(\.trajectory.steps) == [Self.trajectory(["a"]).steps])
    #expect(try await store.rollouts(of: Self.world, policy: "p", split: .test).isEmpty)
    let elsewhere = WorldIdentity(kind: "test", rules: "two")
    #expect(try await store.rollouts(of: elsewhere, policy: "p", split: .train).isEmpty)
    #expect(try await store.inventory(of: Self.world).map(\.policy) == ["p", "q"])
  }

  @Test func genealogiesComeBackAsTheyWere() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(Self.run())
    let genealogy = Genealogy(
      count: 3,
      checkpoints: [
        Checkpoint(
          step: 1, logWeights: LogWeights([0, -1, -.infinity]), softValues: [0.5, 0.25, 0], ancestors: [0, 0, 1],
          logEvidence: -0.5),
        Checkpoint(
          step: 2, logWeights: LogWeights([0, 0.5, 1]), softValues: [0.5, 0.75, 1], ancestors: nil, logEvidence: 0.25),
      ])
    try await store.save(run: "r1", task: Self.task, trajectories: [], genealogy: genealogy)
    #expect(try await store.genealogy(run: "r1", task: "t1") == genealogy)
  }

  @Test("What was culled comes back with its whole past, and is stored without what it shared")
  func culled() async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    let store = try RolloutStore(path: path)
    try await store.begin(Self.run())
    func checkpoint(_ step: Int, _ ancestors: [Int]) -> Checkpoint {
      Checkpoint(
        step: step, logWeights: LogWeights(equal: 3), softValues: [0, 0, 0], ancestors: ancestors, logEvidence: 0)
    }
    // Place 1 continues 0 after step 1. Place 2 continues that clone after step 2. Place 0 continues 2 after step 3.
    let genealogy = Genealogy(
      count: 3, checkpoints: [checkpoint(1, [0, 0, 2]), checkpoint(2, [0, 1, 1]), checkpoint(3, [2, 1, 2])])
    let lives: [(Int, TrajectoryRecord.Standing, [String])] = [
      (0, .final, ["a", "d", "g", "h"]), (1, .final, ["a", "d", "f", "i"]), (2, .final, ["a", "d", "g", "j"]),
      (1, .culled(after: 1), ["b"]), (2, .culled(after: 2), ["c", "e"]), (0, .culled(after: 3), ["a", "k", "l"]),
    ]
    let records = lives.map {
      TrajectoryRecord(particle: $0.0, standing: $0.1, trajectory: Self.trajectory($0.2))
    }
    try await store.note([Self.task], split: .train, of: Self.world)
    try await store.save(run: "r1", task: Self.task, trajectories: records, genealogy: genealogy)
    #expect(try await store.trajectories(run: "r1", task: "t1").count == 3)
    let all = try await store.trajectories(run: "r1", task: "t1", culled: true)
    #expect(
      Set(all.map { "\($0.particle) \($0.standing.rawValue) \($0.trajectory.actions.joined())" })
        == Set(lives.map { "\($0.0) \($0.1.rawValue) \($0.2.joined())" }))
    #expect(try await store.runs().map(\.trajectories) == [3])
    #expect(try await store.tasks(ofRun: "r1").map(\.trajectories) == [3])
  }

  @Test("A clone of one that finished and was culled later keeps that one's past")
  func culledAfterBanked() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(Self.run())
    try await store.note([Self.task], split: .train, of: Self.world)
    // Place 1 continues 0 after step 1 and is culled after step 3. Place 0 finished after step 2 and is also culled
    // after step 3.
    let checkpoints = [(1, [0, 0, 2]), (3, [2, 2, 2])].map {
      Checkpoint(step: $0.0, logWeights: LogWeights(equal: 3), softValues: [0, 0, 0], ancestors: $0.1, logEvidence: 0)
    }
    try await store.save(
      run: "r1", task: Self.task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: Self.trajectory(["c", "d", "e"])),
        TrajectoryRecord(particle: 1, trajectory: Self.trajectory(["c", "d", "f"])),
        TrajectoryRecord(particle: 2, trajectory: Self.trajectory(["c", "d", "g"])),
        TrajectoryRecord(particle: 0, standing: .banked, trajectory: Self.trajectory(["a", "b"])),
        TrajectoryRecord(particle: 1, standing: .culled(after: 3), trajectory: Self.trajectory(["a", "u", "v"])),
      ], genealogy: Genealogy(count: 3, checkpoints: checkpoints))
    let culled = try await store.trajectories(run: "r1", task: "t1", culled: true).last
    #expect(culled?.trajectory.actions == ["a", "u", "v"])
  }

  @Test("Only the steps after the cloning are stored of what is culled")
  func culledTail() async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    let store = try RolloutStore(path: path)
    try await store.begin(Self.run())
    try await store.note([Self.task], split: .train, of: Self.world)
    let steps = [(1, [0, 0]), (3, [0, 0])].map {
      Checkpoint(step: $0.0, logWeights: LogWeights(equal: 2), softValues: [0, 0], ancestors: $0.1, logEvidence: 0)
    }
    try await store.save(
      run: "r1", task: Self.task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: Self.trajectory(["a", "b", "c"])),
        TrajectoryRecord(particle: 1, standing: .culled(after: 3), trajectory: Self.trajectory(["a", "x", "y"])),
      ], genealogy: Genealogy(count: 2, checkpoints: steps))
    let stored = try await DatabaseQueue(path: path).read {
      try String.fetchAll(
        $0, sql: "SELECT action FROM step JOIN trajectory ON id = trajectory WHERE particle = 1 ORDER BY number")
    }
    #expect(stored == ["x", "y"])
    let culled = try await store.trajectories(run: "r1", task: "t1", culled: true).last
    #expect(culled?.trajectory.actions == ["a", "x", "y"])
  }

  @Test func aStoreOfAnotherVersionIsRefused() throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    _ = try RolloutStore(path: path)
    try DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = 99") }
    let error = #expect(throws: StoreError.self) { try RolloutStore(path: path) }
    #expect(error?.kind == .wrongVersion)
    #expect(error?.message.contains("version 99") == true)
  }

  @Test func aFileThatIsNoStoreIsRefusedAndLeftAlone() throws {
    let scratch = try Scratch()
    let text = scratch.path("notes.txt")
    try Data(String(repeating: "not a database ", count: 100).utf8).write(to: URL(fileURLWithPath: text))
    #expect(throws: StoreError.self) { try RolloutStore(path: text) }
    let foreign = scratch.path("foreign.sqlite")
    try DatabaseQueue(path: foreign).write { try $0.execute(sql: "CREATE TABLE mine (x)") }
    let before = FileManager.default.contents(atPath: foreign)
    #expect(throws: StoreError.self) { try RolloutStore(path: foreign) }
    #expect(FileManager.default.contents(atPath: foreign) == before)
    #expect(throws: StoreError.self) { try RolloutStore(path: "/proc/nowhere/s.sqlite") }
  }
}

@Suite("A store of another time, of another process, without room")
struct StoreLifeTests {
  @Test("A store of version 1 is brought up to date, its answers kept")
  func migration() async throws {
    let scratch = try Scratch()
    let path = scratch.path("old.sqlite")
    do {
      let store = try RolloutStore(path: path)
      try await store.begin(StoreTests.run())
      try await store.record(StoreTests.answer(0, step: 0))
    }
    try await DatabaseQueue(path: path).write { try $0.execute(sql: OlderStore.one) }
    let store = try RolloutStore(path: path)
    let answer = try #require(try await store.answer(for: StoreTests.answer(0, step: 0).key))
    #expect(answer.response.text == "yes" && answer.response.attempts == 1 && answer.response.reasoning == nil)
    var response = PolicyResponse(
      "no", reasoning: "hm", logProbability: -2.5,
      usage: Usage(
        inputTokens: 9, cachedInputTokens: 1, cacheWriteTokens: 2, outputTokens: 3, reasoningTokens: 4,
        savedInputTokens: 5, cutOffAnswers: 1), attempts: 6)
    response.continuation = #"{"signed":"thoughts"}"#
    let rich = AnswerRecord(
      key: StoreTests.answer(1, step: 0).key, promptDigest: "d", response: response, seconds: 1)
    try await store.begin(StoreTests.run("r2"))
    try await store.record(rich)
    #expect(try await store.answer(for: rich.key) == rich)
    #expect(try await store.spent(run: "r1")["t1"]?.usage.savedInputTokens == 5)
    #expect(try await store.spent(run: "r1")["t1"]?.usage.cutOffAnswers == 1)
    let policies = try await store.policies()
    #expect(policies.map(\.identity) == ["p"] && policies.first?.format == .plain)
  }

  @Test("Who begins a run holds the store; whoever else does is refused; reading is free")
  func lock() async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    var first: RolloutStore? = try RolloutStore(path: path)
    try await first?.begin(StoreTests.run())
    try await first?.begin(StoreTests.run("r2"))
    let second = try RolloutStore(path: path)
    #expect(try await second.spent(run: "r1").isEmpty)
    let error = await #expect(throws: StoreError.self) { try await second.begin(StoreTests.run()) }
    #expect(error?.kind == .busy && error?.message.contains("(\(ProcessInfo.processInfo.processIdentifier))") == true)
    first = nil
    try await second.begin(StoreTests.run())
  }
}

@Suite("Figures of tokens beside rollouts")
struct ScoreTests {
  @Test("Scores are kept by rollout and by what scored it; the newest counts")
  func scores() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(StoreTests.run())
    let keys = (0..<2).map { RolloutKey(run: "r1", task: "t1", particle: $0) }
    try await store.save(scores: [keys[0]: "[1]", keys[1]: "[2]"], by: "m")
    try await store.save(scores: [keys[1]: "[3]"], by: "m")
    try await store.save(scores: [keys[0]: "[4]"], by: "other")
    #expect(try await store.scores(by: "m") == [keys[0]: "[1]", keys[1]: "[3]"])
    #expect(try await store.scores(by: "other") == [keys[0]: "[4]"])
    await #expect(throws: StoreError.self) {
      try await store.save(scores: [RolloutKey(run: "none", task: "t", particle: 0): "[]"], by: "m")
    }
  }
}
