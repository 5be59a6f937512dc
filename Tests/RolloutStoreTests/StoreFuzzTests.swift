import Agents
import Foundation
import GRDB
import ParticleFilter
import TestSupport
import Testing

@testable import RolloutStore

@Suite("A damaged store is an error")
struct StoreFuzzTests {
  static let environment = WorldIdentity(kind: "w", rules: "r")

  /// A small store in one file, with rows in every table.
  static func sound(in folder: URL) async throws -> Data {
    let path = folder.appendingPathComponent("sound.sqlite").path
    do {
      let store = try RolloutStore(path: path)
      try await store.begin(
        RunRecord(
          id: "run", verb: "steer", method: "amc", environment: environment, policy: "p", format: .plain, critic: "c",
          isPrior: true, seed: 7, settings: "{}"))
      let task = AgentTask(id: "t", request: "go", stepLimit: 4)
      try await store.note([task], split: .train, of: environment)
      var trajectory = Trajectory(task: task, opening: Observation("start", choices: ["a", "b"]))
      for step in 0..<4 {
        let key = CallKey(run: "run", task: "t", particle: 0, step: step)
        try await store.record(
          AnswerRecord(
            key: key, promptDigest: "d", response: PolicyResponse("a", usage: Usage(inputTokens: 3)), seconds: 1))
        let outcome = Outcome(Observation("then", choices: ["a"]), reward: 0.25, isDone: step == 3)
        try await store.record(OutcomeRecord(key: key, past: "x", action: "a", outcome: outcome))
        trajectory.append(Agents.Step(response: "a", action: .act("a"), outcome: outcome))
      }
      let genealogy = Genealogy(
        count: 2,
        checkpoints: [
          Checkpoint(
            step: 2, logWeights: LogWeights([0, -1]), softValues: [0.5, 0.25], ancestors: [0, 0], logEvidence: -0.5)
        ])
      try await store.save(
        run: "run", task: task,
        trajectories: [
          TrajectoryRecord(particle: 0, trajectory: trajectory, logWeight: 0),
          TrajectoryRecord(particle: 1, trajectory: trajectory, logWeight: -1),
          TrajectoryRecord(
            particle: 1, standing: .culled(after: 2), trajectory: trajectory.prefix(2),
            failure: AttemptFailure(.environmentFailed, "no")),
        ], genealogy: genealogy)
      try await store.save(scores: [RolloutKey(run: "run", task: "t", particle: 0): "{}"], by: "s")
      try await store.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
      try store.pool.close()
    }
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  /// Reads everything that the commands read.
  static func read(_ path: String) async throws {
    let store = try RolloutStore(path: path)
    for run in try await store.runs() {
      for task in try await store.tasks(ofRun: run.record.id) {
        _ = try? await store.trajectories(run: run.record.id, task: task.id, culled: true)
        if let genealogy = try? await store.genealogy(run: run.record.id, task: task.id) {
          for particle in -1...2 { _ = (genealogy.lineage(of: particle), genealogy.origin(of: particle, before: 3)) }
          _ = genealogy.survivingFounders
        }
        for step in 0..<5 {
          let key = CallKey(run: run.record.id, task: task.id, particle: 0, step: step)
          _ = try? await store.answer(for: key)
          _ = try? await store.outcome(for: key)
        }
      }
      _ = try? await store.spent(run: run.record.id)
    }
    for policy in try await store.policies() {
      try? await store.eachAnswer(policy: policy.identity) { _ in }
      _ = try? await store.usage(of: environment, policy: policy.identity)
      _ = try? await store.rollouts(of: environment, policy: policy.identity, split: .train)
    }
    _ = try? await store.inventory(of: environment)
    _ = try? await store.scores(by: "s")
    try store.pool.close()
  }

  /// Flips a few bits, half of them in the schema's texts, where a flip can change a name.
  static func damaged(_ sound: Data, _ round: Int) -> Data {
    var state = UInt64(round) &* 0x9E37_79B9_7F4A_7C15
    func number(below bound: Int) -> Int {
      state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB &+ 1
      return Int((state ^ (state >> 31)) % UInt64(bound))
    }
    var data = sound
    for _ in 0...number(below: 3) {
      let place = number(below: number(below: 2) == 0 ? min(4_096, data.count) : data.count)
      data[place] ^= 1 << UInt8(number(below: 8))
    }
    return data
  }

  @Test("Whatever bits are flipped, reading ends with a value or an error", .timeLimit(.minutes(10)))
  func flipped() async throws {
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let sound = try await Self.sound(in: folder)
    let path = folder.appendingPathComponent("damaged.sqlite").path
    var refused = 0
    let inputs =
      [sound] + Fuzz.corpus("Store") + (0..<200).map { Self.damaged(sound, $0) } + [
        sound.prefix(5_000), sound.prefix(20_000),
      ]
    for (number, data) in inputs.enumerated() {
      for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
      try data.write(to: URL(fileURLWithPath: path))
      do {
        try await Self.read(path)
      } catch {
        #expect(number > 0 && error is StoreError, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 0)
  }

  @Test("A column that is called otherwise is said to be damage, with what to do")
  func renamed() async throws {
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var data = try await Self.sound(in: folder)
    // Flips one bit of the first letter, so that the column has another name.
    let name = try #require(data.range(of: Data("opening TEXT".utf8)))
    data[name.lowerBound] ^= 1
    let path = folder.appendingPathComponent("renamed.sqlite").path
    try data.write(to: URL(fileURLWithPath: path))
    let store = try RolloutStore(path: path)
    let error = await #expect(throws: StoreError.self) { try await store.trajectories(run: "run", task: "t") }
    #expect(error?.kind == .damaged && error?.message.contains(".recover") == true, "\(error?.message ?? "")")
  }
}
