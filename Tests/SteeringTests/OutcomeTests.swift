import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import Synchronization
import Testing

/// A world that uses different words each time and cannot copy itself. The policy's prompt is the whole dialogue.
private final class Babble: World {
  let storesOutcomes: Bool
  private let words: Mutex<Int>
  private let counts = Mutex((opened: 0, closed: 0, steps: 0))

  /// - Parameter start: The first number of its words. Each process has another.
  init(from start: Int, storesOutcomes: Bool = true) {
    words = Mutex(start)
    self.storesOutcomes = storesOutcomes
  }

  var opened: Int { counts.withLock(\.opened) }
  var closed: Int { counts.withLock(\.closed) }
  var steps: Int { counts.withLock(\.steps) }

  let identity = WorldIdentity(kind: "babble")
  func tasks(in split: Split) -> [AgentTask] { (0..<4).map { task(TaskID("t\($0)")) } }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "ones", stepLimit: 6) }

  private func word() -> String {
    words.withLock {
      $0 += 1
      return "word \($0)"
    }
  }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    counts.withLock { $0.opened += 1 }
    return (Talk(world: self), Observation(word()))
  }

  struct Talk: Episode {
    let world: Babble
    var ones = 0
    var round = 0

    mutating func step(_ action: Action) -> Outcome {
      world.counts.withLock { $0.steps += 1 }
      round += 1
      ones += action.text == "1" ? 1 : 0
      return Outcome(Observation(world.word()), reward: round == 6 ? Double(ones) / 6 : 0, isDone: round == 6)
    }

    func close() async { world.counts.withLock { $0.closed += 1 } }
  }
}

@Suite("What a world answered is stored and read again")
struct OutcomeTests {
  static let settings = SteeringSettings(particles: 4, temperature: 0.2, schedule: .steps([2, 4]), seed: 3)

  private func run(_ world: Babble, _ policy: CountingPolicy, _ store: RolloutStore) async throws -> Campaign.Outcome {
    let critic = ClosureCritic("ones so far") { state in Double(state.actions.count { $0 == "1" }) / 6 }
    return try await Campaign(
      world: world, policy: policy, critic: critic, settings: Self.settings, store: store, concurrency: 4
    ).run(world.tasks(in: .test))
  }

  @Test("A stopped run goes on without asking for anything stored, though its world never says the same twice")
  func resume() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let broke = CountingPolicy(failsAfter: 37, failure: PolicyError(.outOfCredit, "no credit"))
    let first = Babble(from: 0)
    let stopped = try await run(first, broke, store)
    #expect(stopped.stopped != nil && first.opened == first.closed)

    let second = Babble(from: 1_000)
    let rest = CountingPolicy()
    let whole = try await run(second, rest, store)
    #expect(whole.stopped == nil && whole.calls == 4 * 4 * 6)
    // The 37 answers that were paid for are not requested again.
    #expect(rest.keys.count == 4 * 4 * 6 - 37)
    #expect(second.opened == second.closed)
    // The trajectories hold the words from before the stop: "word 1" and not "word 1001".
    let said = whole.results.flatMap { $0.particles.map(\.trajectory.opening.text) }
    #expect(said.contains { $0.count < "word 1000".count })

    let third = Babble(from: 2_000)
    let nothing = CountingPolicy()
    let again = try await run(third, nothing, store)
    #expect(nothing.keys.isEmpty && third.opened == 0 && third.steps == 0)
    #expect(CampaignTests.fingerprint(again) == CampaignTests.fingerprint(whole))
    #expect(
      again.results.map { $0.particles.map(\.trajectory.steps) }
        == whole.results.map { $0.particles.map(\.trajectory.steps) })
  }

  @Test("Where outcomes are not stored, the same stop is paid for: what the test above would miss")
  func control() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let broke = CountingPolicy(failsAfter: 37, failure: PolicyError(.outOfCredit, "no credit"))
    _ = try await run(Babble(from: 0, storesOutcomes: false), broke, store)
    let rest = CountingPolicy()
    _ = try await run(Babble(from: 1_000, storesOutcomes: false), rest, store)
    #expect(rest.keys.count > 4 * 4 * 6 - 37)
  }

  @Test("An outcome counts only after the same past and the same action")
  func staleness() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    _ = try await run(Babble(from: 0), CountingPolicy(), store)
    let world = Babble(from: 1_000)
    let critic = ClosureCritic("ones so far") { state in Double(state.actions.count { $0 == "1" }) / 6 }
    let campaign = Campaign(
      world: world, policy: CountingPolicy(), critic: critic, settings: Self.settings, store: store, concurrency: 4)
    let key = CallKey(run: campaign.run, task: "t0", particle: 0, step: 1)
    let stored = try #require(try await store.outcome(for: key))
    let swapped = OutcomeRecord(
      key: key, past: stored.past, action: stored.action == "1" ? "0" : "1", outcome: stored.outcome)
    try await store.record(swapped)
    let again = try await campaign.run(world.tasks(in: .test))
    // The answers are stored, but the first step of one place differs from the stored one. Everything after it has
    // another past.
    #expect(again.stopped == nil && world.steps > 0 && world.opened == world.closed)
    #expect(again.results[0].particles.allSatisfy { $0.trajectory.isDone })
  }
}
