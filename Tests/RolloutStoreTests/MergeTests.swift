import Agents
import Foundation
import GRDB
import ParticleFilter
import RolloutStore
import TestSupport
import Testing

@Suite("Stores of shards become one")
struct MergeTests {
  /// A store with some particles' answers and trajectories.
  private func store(_ path: String, particles: Range<Int>, text: String = "yes", reward: Double = 1) async throws {
    let store = try RolloutStore(path: path)
    try await store.begin(StoreTests.run())
    try await store.note([StoreTests.task], split: .test, of: StoreTests.world)
    for particle in particles { try await store.record(StoreTests.answer(particle, step: 0, text: text)) }
    try await store.save(
      run: "r1", task: StoreTests.task,
      trajectories: particles.map {
        TrajectoryRecord(particle: $0, trajectory: StoreTests.trajectory(["a", "b"], reward: reward))
      })
  }

  private func rows(_ path: String, _ tables: [String]) async throws -> [Int] {
    try await DatabaseQueue(path: path).read { database in
      try tables.map { try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM \($0)") ?? 0 }
    }
  }

  @Test("Everything of all is there, the same answer once; merging again changes nothing")
  func merged() async throws {
    let scratch = try Scratch()
    for (number, particles) in [0..<3, 2..<5, 5..<6].enumerated() {
      try await store(scratch.path("\(number).sqlite"), particles: particles)
    }
    let all = scratch.path("all.sqlite")
    let store = try RolloutStore(path: all)
    var counts: [[Int]] = []
    for number in [0, 1, 2, 1] {
      let report = try await store.merge(scratch.path("\(number).sqlite"))
      counts.append([report.calls.added, report.calls.known, report.trajectories.added, report.trajectories.known])
    }
    #expect(counts == [[3, 0, 3, 0], [2, 1, 2, 1], [1, 0, 1, 0], [0, 3, 0, 3]])
    #expect(try await rows(all, ["call", "trajectory", "step"]) == [6, 6, 12])
    // Every trajectory has its own steps.
    let rollouts = try await store.trajectories(run: "r1", task: "t1")
    #expect(rollouts.count == 6 && rollouts.allSatisfy { $0.trajectory.actions == ["a", "b"] })
  }

  @Test("Stores that contradict each other are refused, and nothing of them is kept")
  func conflicts() async throws {
    let scratch = try Scratch()
    let all = scratch.path("all.sqlite")
    try await store(all, particles: 0..<2)
    for (name, text, reward, words) in [
      ("answer", "no", 1.0, "table call at r1 / t1 / 1 / 0: its response is \"no\", and the store has \"yes\""),
      ("reward", "yes", 0.5, "table trajectory at r1 / t1 / 1 / final: its reward is"),
    ] {
      let other = scratch.path("\(name).sqlite")
      try await store(other, particles: 1..<4, text: text, reward: reward)
      let target = try RolloutStore(path: all)
      let error = await #expect(throws: StoreError.self) { _ = try await target.merge(other) }
      #expect(error?.kind == .conflict && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    #expect(try await rows(all, ["call", "trajectory"]) == [2, 2])
  }

  @Test("What is no store, is missing or damaged is named; a store of an earlier version is not changed")
  func strange() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("all.sqlite"))
    try Data("not a database, whatever its name says".utf8).write(to: URL(fileURLWithPath: scratch.path("text.sqlite")))
    for (name, words) in [("none.sqlite", "There is no store"), ("text.sqlite", "is not a Coxswain store")] {
      let error = await #expect(throws: StoreError.self) { _ = try await store.merge(scratch.path(name)) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    let old = scratch.path("old.sqlite")
    try await self.store(old, particles: 0..<2)
    try await DatabaseQueue(path: old).write { try $0.execute(sql: OlderStore.eight) }
    #expect(try await store.merge(old).calls.added == 2)
    let version = try await DatabaseQueue(path: old).read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    #expect(version == 8)
  }
}
