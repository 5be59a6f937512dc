import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import TestSupport
import Testing

@Suite("What is culled") struct CulledTests {
  static let settings = SteeringSettings(particles: 12, temperature: 0.05, schedule: .steps([2, 4, 6, 8]), seed: 4)

  private func campaign(_ store: RolloutStore?) -> Campaign {
    Campaign(
      world: ChainWorld(), policy: ChainWorld.coin, critic: ChainWorld.exactCritic, settings: Self.settings,
      store: store)
  }

  /// Place, step and actions in one text, for a stable order.
  private func words(_ place: Int, _ step: Int, _ trajectory: Trajectory) -> String {
    "\(place) \(step): \(trajectory.actions.joined())"
  }

  @Test("It is written to the store at its checkpoint, let go of, and read back whole; running again changes nothing")
  func streamed() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let task = ChainWorld().task(number: 0)
    let kept = try await campaign(nil).run([task])
    let expected = try #require(kept.results.first).culled.map { culled in
      words(culled.place, culled.step, try #require(culled.trajectory))
    }.sorted()
    #expect(expected.count > 12)

    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    for _ in 0..<2 {
      let campaign = campaign(store)
      let outcome = try await campaign.run([task])
      let result = try #require(outcome.results.first)
      #expect(result.culled.count == expected.count && result.culled.allSatisfy { $0.trajectory == nil })
      let records = try await store.trajectories(run: campaign.run, task: task.id, culled: true)
      let found = records.compactMap { record -> String? in
        guard case .culled(let step) = record.standing else { return nil }
        return words(record.particle, step, record.trajectory)
      }
      #expect(found.sorted() == expected)
    }
  }

  @Test("Where a run was stopped half-way, what it had culled is replaced when it goes on")
  func replaced() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let campaign = campaign(store)
    let task = ChainWorld().task(number: 0)
    let first = try await campaign.run([task])
    let result = try #require(first.results.first)
    // A record that this run does not cull. A stopped run of another version may have left it.
    let stale = TrajectoryRecord(particle: 3, standing: .culled(after: 5), trajectory: result.particles[0].trajectory)
    try await store.save(culled: [stale], run: campaign.run, task: task, genealogy: Genealogy(count: 12))
    func stales() async throws -> Int {
      try await store.trajectories(run: campaign.run, task: task.id, culled: true).count {
        $0.standing == .culled(after: 5)
      }
    }
    #expect(try await stales() == 1)
    _ = try await campaign.run([task])
    #expect(try await stales() == 0)
  }
}
