import Agents
import Findings
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import Synchronization
import TestSupport
import Testing

/// Records the requested keys and can fail from a given call on.
final class CountingPolicy: Policy {
  let identity = "counting"
  let format = ActionFormat.plain
  private let failure: PolicyError?
  private let failsAfter: Int
  private let asked = Mutex<[CallKey]>([])

  init(failsAfter: Int = .max, failure: PolicyError? = nil) {
    self.failsAfter = failsAfter
    self.failure = failure
  }

  var keys: [CallKey] { asked.withLock(\.self) }

  func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    let count = asked.withLock {
      $0.append(request.key)
      return $0.count
    }
    if let failure, count > failsAfter { throw failure }
    return try await ChainWorld.coin.respond(to: request)
  }
}

@Suite("A campaign: many tasks, one store, limits, resume")
struct CampaignTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")

  func store() throws -> RolloutStore { try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path) }

  func campaign(
    _ policy: any Policy, store: RolloutStore?, settings: SteeringSettings, concurrency: Int = 8,
    limits: Limits = Limits(),
    pricing: Pricing = Pricing()
  ) -> Campaign {
    let budget = Budget(limits: limits, pricing: pricing)
    return Campaign(
      world: ChainWorld(), policy: policy, critic: ChainWorld.exactCritic, settings: settings, store: store,
      budget: budget,
      concurrency: concurrency)
  }

  static let steered = SteeringSettings(
    particles: 6, temperature: 0.1, schedule: .effectiveSampleSize(below: 0.7), seed: 5)

  static func fingerprint(_ outcome: Campaign.Outcome) -> [String] {
    outcome.results.map { result in
      "\(result.task.id) \(result.softValue ?? .nan) \(result.particles.map(\.trajectory.reward)) \(result.particles.map(\.weight)) \(result.calls) \(result.genealogy.forks)"
    }
  }

  @Test("The same seed gives the same result at any concurrency")
  func concurrency() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let tasks = ChainWorld().tasks(in: .test)
    var fingerprints: [[String]] = []
    for concurrency in [1, 3, 100] {
      let outcome = try await campaign(CountingPolicy(), store: nil, settings: Self.steered, concurrency: concurrency)
        .run(tasks)
      #expect(outcome.stopped == nil)
      fingerprints.append(Self.fingerprint(outcome))
    }
    #expect(fingerprints[0] == fingerprints[1] && fingerprints[1] == fingerprints[2])
    #expect(fingerprints[0].count == 8)
  }

  @Test("A run that died continues without paying twice, to the same result")
  func resume() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let tasks = ChainWorld().tasks(in: .test)
    let whole = try await campaign(CountingPolicy(), store: nil, settings: Self.steered).run(tasks)
    let store = try store()
    var asked: [CallKey] = []
    for failsAfter in [0, 37, 200, 150] {
      let dying = CountingPolicy(failsAfter: failsAfter, failure: PolicyError(.unreachable, "gone"))
      let outcome = try await campaign(dying, store: store, settings: Self.steered).run(tasks)
      #expect(outcome.stopped?.kind == .policy)
      #expect(outcome.stopped?.message == "gone")
      asked += dying.keys.prefix(failsAfter)
    }
    #expect(Set(asked).count == asked.count)
    let last = CountingPolicy()
    let outcome = try await campaign(last, store: store, settings: Self.steered).run(tasks)
    #expect(Self.fingerprint(outcome) == Self.fingerprint(whole))
    #expect(Set(asked).isDisjoint(with: last.keys))
    #expect(asked.count + last.keys.count == whole.results.reduce(0) { $0 + $1.calls })
    let again = CountingPolicy()
    #expect(
      Self.fingerprint(try await campaign(again, store: store, settings: Self.steered).run(tasks))
        == Self.fingerprint(whole))
    #expect(again.keys.isEmpty)
  }

  @Test func limitsEndARunInOrderAndCanBeRaised() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let tasks = ChainWorld().tasks(in: .test)
    let store = try store()
    let policy = CountingPolicy()
    let stopped = try await campaign(policy, store: store, settings: Self.steered, limits: Limits(calls: 300)).run(
      tasks)
    #expect(stopped.stopped?.kind == .limitReached)
    #expect(policy.keys.count == 300)
    #expect(!stopped.results.isEmpty && stopped.results.count < 8)
    let run = campaign(policy, store: store, settings: Self.steered).run
    #expect(try await store.spent(run: run).values.reduce(0, { $0 + $1.calls }) == 300)
    // The limit is on the run, so the same limit allows no further calls.
    _ = try await campaign(policy, store: store, settings: Self.steered, limits: Limits(calls: 300)).run(tasks)
    #expect(policy.keys.count == 300)
    let raised = try await campaign(policy, store: store, settings: Self.steered).run(tasks)
    #expect(raised.stopped == nil && policy.keys.count == 8 * 6 * 12)

    let dear = Pricing(inputPerMillion: 100_000)
    let cost = CountingPolicy()
    let poor = try await campaign(cost, store: nil, settings: Self.steered, limits: Limits(cost: 50.5), pricing: dear)
      .run(tasks)
    #expect(poor.stopped?.kind == .limitReached)
    // One call costs 1. Calls in flight are counted, so the limit is exceeded by less than one call.
    #expect((51...59).contains(cost.keys.count))
    let late = try await campaign(CountingPolicy(), store: nil, settings: Self.steered, limits: Limits(seconds: 0)).run(
      tasks)
    #expect(late.stopped?.kind == .limitReached && late.results.isEmpty)
  }

  @Test("Calls in flight count towards every limit, and one that fails leaves its place to another")
  func inFlight() async throws {
    let tasks = ChainWorld().tasks(in: .test)
    // Each call has 10 input tokens and costs 1. Every third call fails after a while, and only for its particle.
    let asked = Mutex((calls: 0, answered: 0, inFlight: 0, most: 0))
    let policy = ClosurePolicy("slow") { request throws(PolicyError) in
      let number = asked.withLock {
        $0.calls += 1
        $0.inFlight += 1
        $0.most = max($0.most, $0.inFlight)
        return $0.calls
      }
      try? await Task.sleep(for: .milliseconds(20))
      asked.withLock { $0.inFlight -= 1 }
      if number.isMultiple(of: 3) { throw PolicyError(.contentRefused, "no") }
      asked.withLock { $0.answered += 1 }
      return PolicyResponse("1", usage: Usage(inputTokens: 10, outputTokens: 2))
    }
    for limits in [Limits(calls: 50), Limits(tokens: 600), Limits(cost: 50)] {
      asked.withLock { $0 = (0, 0, 0, 0) }
      let budget = Budget(limits: limits, pricing: Pricing(inputPerMillion: 100_000))
      let campaign = Campaign(
        world: ChainWorld(), policy: policy, settings: SteeringSettings(method: .bestOf, particles: 20), budget: budget,
        concurrency: 20)
      let outcome = try await campaign.run(tasks)
      #expect(outcome.stopped?.kind == .limitReached)
      // Exactly 50, although twenty calls run at a time.
      #expect(asked.withLock(\.answered) == 50, "\(limits)")
      #expect(asked.withLock(\.most) > 1)
      #expect(await budget.spent.calls == 50)
    }
  }

  @Test("A first wave that would pass a limit by itself does not")
  func firstWave() async throws {
    for limits in [Limits(tokens: 95), Limits(cost: 8.55)] {
      let policy = ClosurePolicy("dear") { _ throws(PolicyError) in
        try? await Task.sleep(for: .milliseconds(2))
        return PolicyResponse("1", usage: Usage(inputTokens: 1, outputTokens: 9))
      }
      let budget = Budget(limits: limits, pricing: Pricing(outputPerMillion: 100_000))
      let campaign = Campaign(
        world: ChainWorld(), policy: policy, settings: SteeringSettings(method: .bestOf, particles: 64),
        budget: budget, concurrency: 64)
      #expect(try await campaign.run(ChainWorld().tasks(in: .test)).stopped?.kind == .limitReached)
      #expect(await budget.spent.calls == 10, "\(limits)")
    }
  }

  @Test("A refusal is stored as an answer is: run again, the particle that failed has failed")
  func refusals() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let tasks = Array(ChainWorld().tasks(in: .test).prefix(2))
    let asked = Mutex(0)
    let moody = ClosurePolicy("moody") { request throws(PolicyError) in
      let isFirst = asked.withLock {
        $0 += 1
        return $0 <= 2 * 6 * 12
      }
      // A second try would be answered.
      if isFirst, request.key.particle == 2, request.key.step == 5 { throw PolicyError(.contentRefused, "I won't") }
      return try await ChainWorld.coin.respond(to: request)
    }
    let first = try await campaign(moody, store: store, settings: Self.steered).run(tasks)
    let calls = asked.withLock(\.self)
    asked.withLock { $0 = 1_000 }
    let again = try await campaign(moody, store: store, settings: Self.steered).run(tasks)
    #expect(Self.fingerprint(first) == Self.fingerprint(again))
    #expect(first.results.contains { $0.failedParticles > 0 } && again.usage == first.usage)
    #expect(asked.withLock(\.self) == 1_000)
    let spent = try await store.spent(run: campaign(moody, store: nil, settings: Self.steered).run)
    #expect(spent.values.reduce(0) { $0 + $1.calls } < calls)
  }

  @Test func stoppingLetsCallsInFlightFinish() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let budget = Budget()
    let policy = ClosurePolicy("slow") { request in
      if request.key.step == 1 { await budget.stop("enough") }
      try? await Task.sleep(for: .milliseconds(20))
      return PolicyResponse("1")
    }
    let campaign = Campaign(
      world: ChainWorld(), policy: policy, critic: ChainWorld.exactCritic, settings: Self.steered, store: store,
      budget: budget, concurrency: 6)
    let outcome = try await campaign.run([ChainWorld().task(number: 0)])
    #expect(outcome.stopped?.kind == .interrupted)
    #expect(try await store.spent(run: campaign.run)["chain-0"]?.calls ?? 0 >= 7)
  }

  @Test func badSettingsAreRefusedBeforeTheFirstCall() async throws {
    let tasks = ChainWorld().tasks(in: .test)
    let bad: [(SteeringSettings, String)] = [
      (SteeringSettings(particles: 0), "particles"), (SteeringSettings(temperature: 0), "temperature"),
      (SteeringSettings(temperature: -1), "temperature"), (SteeringSettings(temperature: .nan), "temperature"),
      (SteeringSettings(schedule: .steps([4, 13])), "past the last step"),
      (SteeringSettings(schedule: .effectiveSampleSize(below: 2)), "threshold"),
    ]
    for (settings, word) in bad {
      let policy = CountingPolicy()
      let error = await #expect(throws: SteeringError.self) {
        try await self.campaign(policy, store: nil, settings: settings).run(tasks)
      }
      #expect(error?.kind == .badSettings && error?.message.contains(word) == true)
      #expect(policy.keys.isEmpty)
    }
    let error = await #expect(throws: SteeringError.self) {
      try await self.campaign(CountingPolicy(), store: nil, settings: Self.steered).run([])
    }
    #expect(error?.message.contains("empty") == true)
  }

  @Test("What is stored counts towards a limit once, however many campaigns read it")
  func sharedBudget() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let tasks = Array(ChainWorld().tasks(in: .test).prefix(2))
    let budget = Budget(limits: Limits(calls: 2 * 3 * 12))
    let policy = CountingPolicy()
    for particles in [3, 1, 3] {
      let settings = SteeringSettings(method: .bestOf, particles: particles)
      let campaign = Campaign(world: ChainWorld(), policy: policy, settings: settings, store: store, budget: budget)
      let outcome = try await campaign.run(tasks)
      #expect(outcome.stopped == nil)
      #expect(outcome.calls == 2 * particles * 12)
    }
    #expect(policy.keys.count == 2 * 3 * 12)
    // Another campaign of the same run counts only its own tasks.
    let other = Campaign(
      world: ChainWorld(), policy: policy, settings: SteeringSettings(method: .bestOf, particles: 1), store: store,
      budget: Budget(limits: Limits(calls: 12)))
    #expect(try await other.run([ChainWorld().task(number: 5)]).stopped == nil)
  }

  @Test func independentAttemptsAreKeptWhenMoreAreAsked() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let tasks = Array(ChainWorld().tasks(in: .train).prefix(2))
    var settings = SteeringSettings(method: .bestOf, particles: 2)
    let first = CountingPolicy()
    _ = try await campaign(first, store: store, settings: settings).run(tasks, split: .train)
    settings.particles = 5
    let second = CountingPolicy()
    _ = try await campaign(second, store: store, settings: settings).run(tasks, split: .train)
    #expect(first.keys.count == 2 * 2 * 12)
    #expect(second.keys.count == 2 * 3 * 12)
    let rollouts = try await store.rollouts(of: ChainWorld().identity, policy: "counting", split: .train)
    #expect(rollouts.count == 10)
    #expect(rollouts.allSatisfy { $0.trajectory.isDone })
  }

  @Test func bestOfIsGivenAtLeastTheCallsOfTheSteered() async throws {
    let settings = SteeringSettings(method: .bestOf, particles: 3)
    let task = ChainWorld().task(number: 0)
    let outcome = try await campaign(CountingPolicy(), store: nil, settings: settings).run(
      [task], minimumCalls: [task.id: 50])
    let result = try #require(outcome.results.first)
    #expect(result.particles.count == 5 && result.calls == 60)
    #expect(abs(result.particles.reduce(0) { $0 + $1.weight } - 1) < 1e-12)
  }

  @Test func aSummaryHasStandardErrorsOverTasks() async throws {
    let outcome = try await campaign(CountingPolicy(), store: nil, settings: Self.steered).run(
      ChainWorld().tasks(in: .test))
    let summary = MethodSummary(
      outcome, settings: Self.steered, pricing: Pricing(inputPerMillion: 1e6), maximalReward: 1)
    #expect(summary.tasks == 8 && summary.policyCalls == 8 * 6 * 12 && summary.cost == Double(summary.inputTokens))
    let best = outcome.results.compactMap(\.rewardBest)
    #expect(summary.rewardBest == MeanEstimate(best))
    let mean = best.reduce(0, +) / 8
    let deviation = (best.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 7).squareRoot()
    #expect(abs(summary.rewardBest.se - deviation / 8.squareRoot()) < 1e-12)
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any]
    for key in [
      "method", "tasks", "particles", "temperature", "resample", "rewardBest", "rewardMean", "rewardWeighted",
      "rewardSelected",
      "softValue", "policyCalls", "criticCalls", "inputTokens", "cachedInputTokens", "outputTokens", "cost",
      "wallSeconds",
      "criticalPathSeconds", "resamplings", "forks", "replayMismatches", "failedParticles", "failedAttempts", "perTask",
    ] { #expect(json?[key] != nil, "\(key)") }
    let comparison = Comparison([summary, summary], maximalReward: 1)
    #expect(comparison.differences.isEmpty)
  }
}
