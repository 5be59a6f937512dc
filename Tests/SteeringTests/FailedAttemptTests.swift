import Agents
import Findings
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import TestSupport
import Testing

@Suite("An attempt that fails")
struct FailedAttemptTests {
  static let independent = SteeringSettings(method: .bestOf, particles: 4, seed: 3)

  static func campaign(
    _ world: FragileWorld, _ policy: any Policy, _ settings: SteeringSettings = independent, store: RolloutStore? = nil
  ) -> Campaign {
    Campaign(
      world: world, policy: policy, critic: settings.schedule == .never ? nil : ChainWorld.exactCritic,
      settings: settings,
      store: store, concurrency: 4)
  }

  @Test(
    "over one step of its world is alone in that, whatever the world calls it",
    arguments: [WorldError.Kind.unavailable, .misconfigured, .displaced, .diverged])
  func step(kind: WorldError.Kind) async throws {
    let world = FragileWorld(kind: kind)
    let tasks = Array(world.tasks(in: .test).prefix(3))
    let outcome = try await Self.campaign(world, FragileWorld.policy(booms: [[1, 5]])).run(tasks)
    let sound = try await Self.campaign(FragileWorld(), FragileWorld.policy(booms: [])).run(tasks)
    #expect(outcome.stopped == nil && outcome.failure() == nil)
    for (result, whole) in zip(outcome.results, sound.results) {
      #expect(result.particles.map { $0.failure == nil } == [true, false, true, true])
      #expect(result.particles[1].trajectory.count == 5 && result.particles[1].weight == 0)
      let others = [0, 2, 3].map { whole.particles[$0].trajectory.reward }
      #expect([0, 2, 3].map { result.particles[$0].trajectory.reward } == others)
      // The means are over the three other attempts.
      #expect(abs(try #require(result.rewardMean) - others.reduce(0, +) / 3) < 1e-12)
      #expect(result.rewardBest == others.max())
      #expect(abs(result.particles.reduce(0) { $0 + $1.weight } - 1) < 1e-12)
    }
    let failed = outcome.failedAttempts
    #expect(failed.count == 3 && failed.tasks == 0 && outcome.attempts == 12)
    #expect(failed.reasons.map(\.reason) == [kind == .diverged ? .diverged : .environmentFailed])
    #expect(world.chain.counter.opened == world.chain.counter.closed)
  }

  @Test("is none where only a copy of its world fails: the clone replays its past")
  func copies() async throws {
    let settings = SteeringSettings(particles: 4, temperature: 0.1, schedule: .steps([4, 8]), seed: 3)
    func outcome(failsToFork: Bool) async throws -> Campaign.Outcome {
      let world = FragileWorld(failsToFork: failsToFork)
      let outcome = try await Self.campaign(world, FragileWorld.policy(booms: []), settings).run(
        Array(world.tasks(in: .test).prefix(2)))
      #expect(world.chain.counter.opened == world.chain.counter.closed)
      return outcome
    }
    let failing = try await outcome(failsToFork: true)
    #expect(failing.stopped == nil && failing.failedAttempts == .none)
    #expect(failing.results.contains { $0.genealogy.forks > 0 })
    #expect(CampaignTests.fingerprint(failing) == CampaignTests.fingerprint(try await outcome(failsToFork: false)))
  }

  @Test("ends the run where the configuration says stop")
  func stop() async throws {
    var settings = Self.independent
    settings.onEnvironmentError = .stop
    let world = FragileWorld()
    let outcome = try await Self.campaign(world, FragileWorld.policy(booms: [[1, 5]]), settings).run(
      world.tasks(in: .test))
    #expect(outcome.stopped?.kind == .environment && outcome.stopped?.message == "the world broke")
    #expect(world.chain.counter.opened == world.chain.counter.closed)
  }

  @Test("with all the others of its task leaves the task without a reward, which no mean has as 0")
  func tasksWithoutReward() async throws {
    let world = FragileWorld(unopenable: ["chain-1"])
    let tasks = Array(world.tasks(in: .test).prefix(3))
    let outcome = try await Self.campaign(world, FragileWorld.policy(booms: [])).run(tasks)
    #expect(outcome.stopped == nil && outcome.results.map { $0.rewardBest == nil } == [false, true, false])
    let summary = MethodSummary(outcome, settings: Self.independent, pricing: Pricing(), maximalReward: 1)
    let others = [0, 2].map { outcome.results[$0].rewardBest }
    #expect(summary.rewardBest == MeanEstimate(present: others))
    #expect(summary.tasks == 3 && summary.tasksWithReward == 2)
    #expect(summary.failedAttempts.count == 4 && summary.failedAttempts.tasks == 1 && summary.failedParticles == 4)
    let json = try Self.json(summary)
    let rows = try #require(json["perTask"] as? [[String: Any]])
    #expect(rows[1]["task"] as? String == "chain-1" && rows[1]["rewardBest"] == nil && rows[0]["rewardBest"] != nil)
    #expect((json["failedAttempts"] as? [String: Any])?["count"] as? Int == 4)
    // As read by `cox report`, and as written by older versions, without the key.
    let again = try JSONDecoder().decode(MethodSummary.self, from: JSONEncoder().encode(summary))
    #expect(again.failedAttempts == summary.failedAttempts)
    var old = json
    old["failedAttempts"] = nil
    let older = try JSONDecoder().decode(MethodSummary.self, from: JSONSerialization.data(withJSONObject: old))
    #expect(older.failedAttempts == .none)
  }

  @Test("leaves nothing to compare on its task, and nothing that is no number")
  func comparisons() async throws {
    let world = FragileWorld(unopenable: ["chain-1"])
    let tasks = Array(world.tasks(in: .test).prefix(3))
    let best = try await Self.campaign(world, FragileWorld.policy(booms: [])).run(tasks)
    let single = SteeringSettings(method: .single, seed: 3)
    let lost = FragileWorld(unopenable: Set(tasks.map(\.id)))
    func summary(_ outcome: Campaign.Outcome, _ settings: SteeringSettings) -> MethodSummary {
      MethodSummary(outcome, settings: settings, pricing: Pricing(), maximalReward: 1)
    }
    let steered = SteeringSettings(particles: 4, schedule: .steps([4, 8]), seed: 3)
    let amc = try await Self.campaign(FragileWorld(), FragileWorld.policy(booms: []), steered).run(tasks)
    let paired = Comparison([summary(best, Self.independent), summary(amc, steered)], maximalReward: 1)
    #expect(paired.differences.map(\.tasks) == [2])
    let nothing = try await Self.campaign(lost, FragileWorld.policy(booms: []), single).run(tasks)
    #expect(
      nothing.failure()?.kind == .attemptsFailed && nothing.failure()?.message.contains("no chain-0 today") == true)
    let empty = Comparison(
      [summary(nothing, single), summary(amc, steered)], maximalReward: 1, study: .scaling)
    #expect(empty.differences.map(\.tasks) == [0] && empty.points?.map(\.label) == ["amc"])
    let json = try Self.json(empty)
    let methods = try #require(json["methods"] as? [[String: Any]])
    #expect((methods[0]["rewardBest"] as? [String: Any])?["mean"] is NSNull)
    #expect((methods[0]["rewardSelected"] as? [String: Any])?["by"] as? String == "chance")
    // The value is still NaN after reading, and not zero.
    #expect(try Comparison(json: JSONEncoder().encode(empty)).methods[0].rewardBest.mean.isNaN)
  }

  /// Encodes to JSON without a strategy for NaN, so that NaN would be an error.
  static func json(_ value: some Encodable) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
  }

  @Test("is one of all: an environment in which every attempt fails ends the run, which says why")
  func hopeless() async throws {
    let names = Set((0..<20).map { TaskID("chain-\($0)") })
    let world = FragileWorld(unopenable: names)
    let outcome = try await Self.campaign(world, FragileWorld.policy(booms: [])).run(world.tasks(in: .test))
    let error = try #require(outcome.stopped)
    #expect(error.kind == .attemptsFailed)
    #expect(error.message.contains("attempts failed") && error.message.contains("today"))
    #expect(error.message.contains("its own log"))
    // The run stopped before all twenty tasks were tried, and no call was made.
    #expect(outcome.results.count < 20 && outcome.calls == 0)
    #expect(outcome.results.allSatisfy { $0.failedParticles == 4 })

    // If one attempt succeeds, the run continues.
    let most = FragileWorld(unopenable: names.subtracting(["chain-2"]))
    let all = try await Self.campaign(most, FragileWorld.policy(booms: [])).run(most.tasks(in: .test))
    #expect(all.stopped == nil && all.results.count == 20 && all.failedAttempts.count == 19 * 4)
    #expect(all.failure() == nil && all.failure(ofMoreThan: 0.5)?.kind == .attemptsFailed)
    #expect(all.failure(ofMoreThan: 0.99) == nil)

    // A configuration error stops the run at once.
    let wrong = FragileWorld(unopenable: names, kind: .misconfigured)
    let once = try await Self.campaign(wrong, FragileWorld.policy(booms: [])).run(wrong.tasks(in: .test))
    #expect(once.stopped?.kind == .environment)
  }

  /// Exact enumeration: rounds are independent, a one has probability 0.3, and one answer in twenty breaks the world,
  /// which means a reward of −∞. Tolerance: 4.5 standard errors over 200 populations.
  @Test(
    "has no weight in the posterior", arguments: [Schedule.never, .steps([4, 8]), .effectiveSampleSize(below: 0.5)])
  func posterior(schedule: Schedule) async throws {
    let policy = ClosurePolicy("frail coin") { request in
      var generator = request.seed.generator()
      let draw = generator.uniform()
      return PolicyResponse(draw < 0.05 ? "boom" : draw < 0.35 ? "1" : "0")
    }
    var (evidence, weighted): ([Double], [Double]) = ([], [])
    let boost = exp(1 / 1.2)
    for seed in 0..<200 {
      let settings = SteeringSettings(particles: 15, temperature: 0.1, schedule: schedule, seed: UInt64(seed))
      let world = FragileWorld(storesOutcomes: false)
      let population = Population(
        world: world, policy: policy, critic: ChainWorld.exactCritic, settings: settings, run: "test")
      let result = try await population.steer(world.task("chain-0"))
      // All fifteen particles fail in at most one of 10⁵ populations.
      let ratio = exp(try #require(result.softValue) / 0.1 - 12 * log(0.65 + 0.3 * boost))
      evidence.append(ratio)
      weighted.append(ratio * (try #require(result.rewardWeighted)))
    }
    let z = MeanEstimate(evidence)
    #expect(abs(z.mean - 1) < 4.5 * z.se)
    let mean = MeanEstimate(weighted)
    #expect(abs(mean.mean - 0.3 * boost / (0.65 + 0.3 * boost)) < 4.5 * mean.se)
  }
}

@Suite("A run with failed attempts that goes on")
struct FailedAttemptResumeTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")

  func store() throws -> RolloutStore { try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path) }

  @Test("asks again for what failed where nothing depends on it, and pays for no stored answer twice")
  func independent() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let policy = FragileWorld.policy(booms: [[1, 5]])
    let world = FragileWorld()
    let tasks = Array(world.tasks(in: .test).prefix(2))
    _ = try await FailedAttemptTests.campaign(world, policy, store: store).run(tasks)
    #expect(world.broken == 2)
    let first = policy.keys.count
    let run = FailedAttemptTests.campaign(world, policy).run
    let stored = try await store.trajectories(run: run, task: "chain-0")
    #expect(stored[1].failure == AttemptFailure(.environmentFailed, "the world broke"))

    let mended = FragileWorld(isMended: true)
    let outcome = try await FailedAttemptTests.campaign(mended, policy, store: store).run(tasks)
    #expect(outcome.failedAttempts == .none && outcome.results.allSatisfy { $0.particles.count == 4 })
    // The rest of one attempt at each task, steps 7 to 12. The answer "boom" itself was stored.
    #expect(policy.keys.count - first == 2 * 6 && Set(policy.keys).count == policy.keys.count)
    let rows = try await store.tasks(ofRun: run)
    #expect(rows.allSatisfy { $0.failed == 0 && $0.rewardMean != nil })
  }

  @Test("keeps to a failure that others took the place of: nothing is asked for again, and the result is the same")
  func steered() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let settings = SteeringSettings(particles: 4, temperature: 0.1, schedule: .steps([4, 8]), seed: 3)
    let policy = FragileWorld.policy(booms: [[1, 2]])
    let world = FragileWorld()
    let tasks = Array(world.tasks(in: .test).prefix(2))
    let first = try await FailedAttemptTests.campaign(world, policy, settings, store: store).run(tasks)
    #expect(
      first.failedAttempts.count == 2 && first.results.allSatisfy { $0.particles.allSatisfy { $0.failure == nil } })
    let asked = policy.keys.count

    // The world would not break any more, but the stored failure remains.
    let mended = FragileWorld(isMended: true)
    let again = try await FailedAttemptTests.campaign(mended, policy, settings, store: store).run(tasks)
    #expect(policy.keys.count == asked && mended.opened == 0)
    #expect(CampaignTests.fingerprint(again) == CampaignTests.fingerprint(first))
    #expect(again.failedAttempts == first.failedAttempts)
  }
}

@Suite("Values and rewards that are absurd")
struct AbsurdNumberTests {
  static func steer(_ critic: any Critic, seed: UInt64 = 1) async throws -> PopulationResult {
    let settings = SteeringSettings(particles: 6, temperature: 0.1, schedule: .steps([4, 8]), seed: seed)
    return try await Population(
      world: ChainWorld(), policy: ChainWorld.coin, critic: critic, settings: settings, run: "test"
    ).steer(ChainWorld().task(number: 0))
  }

  @Test("A critic that swamps the rewards is refused", arguments: [1e16, -1e308, 1e10, .infinity, .nan])
  func critics(value: Double) async throws {
    let error = await #expect(throws: SteeringError.self) {
      try await Self.steer(ClosureCritic("absurd") { _ in value })
    }
    #expect(error?.kind == .critic && error?.message.contains("pays 1.0 at most") == true)
  }

  @Test("A single absurd value is missing, and the result a number")
  func single() async throws {
    let critic = ClosureCritic("glitch") { state in
      state.step == 4 && state.actions.first == "1" ? 1e16 : Double(state.actions.count { $0 == "1" }) / 12
    }
    for seed in 0..<5 {
      let result = try await Self.steer(critic, seed: UInt64(seed))
      #expect(result.softValue?.isFinite == true && result.rewardWeighted?.isFinite == true)
      #expect(result.particles.allSatisfy { $0.weight.isFinite } && result.failedParticles == 0)
    }
  }

  private struct Payer: World {
    let identity = WorldIdentity(kind: "payer")
    var maximalReward: Double?
    func tasks(in split: Split) -> [AgentTask] { [task("t")] }
    func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "", stepLimit: 1) }
    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
      let episode = ClosureEpisode(state: 0) { _, action in
        Outcome(Observation(""), reward: Double(action.text) ?? .nan, isDone: true)
      }
      return (episode, Observation(""))
    }
  }

  @Test(
    "An absurd reward fails its attempt, and is in no mean",
    arguments: [("1e308", nil), ("-1e308", nil), ("inf", nil), ("nan", 1), ("2", 1)] as [(String, Double?)])
  func rewards(text: String, maximum: Double?) async throws {
    let policy = ClosurePolicy("payer") { request in
      PolicyResponse(request.key.particle == 0 ? text : request.key.particle == 1 ? "0.25" : "0.75")
    }
    let settings = SteeringSettings(method: .bestOf, particles: 3)
    let outcome = try await Campaign(world: Payer(maximalReward: maximum), policy: policy, settings: settings).run(
      [Payer().task("t")])
    let result = try #require(outcome.results.first)
    #expect(result.rewardMean == 0.5 && result.rewardBest == 0.75)
    #expect(result.failures.map(\.kind) == [.badReward])
    #expect(try #require(result.rewardWeighted) > 0.5 && result.softValue?.isFinite == true)
    let summary = MethodSummary(outcome, settings: settings, pricing: Pricing(), maximalReward: maximum)
    _ = try FailedAttemptTests.json(summary)
  }
}
