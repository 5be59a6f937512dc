import Agents
import Findings
import Foundation
import ParticleFilter
import RolloutStore
import Synchronization
import TestSupport
import Testing

@testable import Steering

@Suite("A frontier search")
struct FrontierSearchTests {
  static func campaign(
    _ world: ChainWorld = ChainWorld(tellsPast: true), policy: any Policy = ChainWorld.coin,
    critic: (any Critic)? = ChainWorld.exactCritic, search: SearchSettings = SearchSettings(), particles: Int = 8,
    seed: UInt64 = 1, store: RolloutStore? = nil, budget: Budget = Budget(), concurrency: Int = 4
  ) -> Campaign {
    Campaign(
      world: world, policy: policy, critic: critic,
      settings: SteeringSettings(method: .frontier, particles: particles, seed: seed, search: search), store: store,
      budget: budget, concurrency: concurrency)
  }

  static func tasks(_ count: Int) -> [AgentTask] { (0..<count).map { ChainWorld().task(number: $0) } }

  @Test("On the chain it finds more than best-of-N at equal calls, and the calls are those of the budget")
  func chain() async throws {
    let tasks = Self.tasks(60)
    let outcome = try await Self.campaign().run(tasks)
    let bestOf = try await Campaign(
      world: ChainWorld(), policy: ChainWorld.coin, settings: SteeringSettings(method: .bestOf, particles: 8, seed: 1)
    ).run(tasks)
    #expect(outcome.calls == 60 * 8 * 12 && bestOf.calls == outcome.calls && outcome.stopped == nil)
    let gain = MeanEstimate(
      try zip(outcome.results, bestOf.results).map { try #require($0.rewardBest) - (try #require($1.rewardBest)) })
    // The gain is more than four standard errors above zero.
    #expect(gain.mean > 4 * gain.se && gain.se > 0, "\(gain)")
    for result in outcome.results {
      #expect(result.tree?.isSound == true && result.softValue == nil)
      #expect(result.particles.allSatisfy { $0.trajectory.isFinished })
      #expect(result.selection != nil)
    }
  }

  @Test("With a constant critic it is best-of-N with stopping: attempts are independent, and none is extended twice")
  func constant() async throws {
    let marginal = ReturnDistribution(returns: [0, 0.5, 1], probabilities: [0.3, 0.5, 0.2])
    for critic in [ConstantCritic(), ConstantCritic(marginal)] {
      let result = try #require(
        try await Self.campaign(critic: critic).run(Self.tasks(1)).results.first)
      let tree = try #require(result.tree)
      #expect(result.particles.count == 8 && result.culled.isEmpty)
      #expect(tree.choices.map { tree.nodes[$0.state].step } == (0..<96).map { $0 % 12 })
    }
  }

  @Test("The result is the same at any concurrency, and by copy or by replay", arguments: [1, 3])
  func deterministic(width: Int) async throws {
    let search = SearchSettings(width: width)
    var trees: [[SearchTree?]] = []
    for (forking, concurrency) in [(ChainWorld.Forking.copies, 1), (.copies, 16), (.replays, 16)] {
      let world = ChainWorld(forking: forking, tellsPast: true)
      let outcome = try await Self.campaign(world, search: search, concurrency: concurrency).run(Self.tasks(5))
      trees.append(outcome.results.map(\.tree))
      #expect(outcome.results.allSatisfy { $0.rewardBest == 1 } || outcome.calls == 5 * 96)
      #expect(world.counter.opened == world.counter.closed)
    }
    #expect(trees[0] == trees[1] && trees[0] == trees[2])
  }

  @Test("Solved tasks leave their calls to the others")
  func oneBudget() async throws {
    // Task 0 is solved by its first attempt. The others are never solved.
    let policy = ClosurePolicy("some") { request in
      PolicyResponse(request.key.task.rawValue == "chain-0" || request.key.step > 0 ? "1" : "0")
    }
    let outcome = try await Self.campaign(policy: policy, search: SearchSettings(calls: 48)).run(Self.tasks(3))
    #expect(outcome.calls == 3 * 48)
    #expect(outcome.results[0].calls == 12 && outcome.results[0].rewardBest == 1)
    #expect(outcome.results.dropFirst().map(\.calls) == [66, 66])
  }

  @Test("A stopped run continues without asking again, and ends as if it had not been stopped")
  func resume() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("frontier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try await Self.campaign().run(Self.tasks(4))
    let asked = Mutex(0)
    let policy = ClosurePolicy("coin") { request throws(PolicyError) in
      asked.withLock { $0 += 1 }
      return try await ChainWorld.coin.respond(to: request)
    }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let budget = Budget(limits: Limits(calls: 130))
    let stopped = try await Self.campaign(policy: policy, store: store, budget: budget).run(Self.tasks(4))
    // A limit below the budget is divided evenly among the tasks.
    #expect(stopped.results.map(\.calls) == [33, 33, 32, 32] && asked.withLock(\.self) == 130)
    let resumed = try await Self.campaign(policy: policy, store: store).run(Self.tasks(4))
    #expect(resumed.storedCalls == 130 && asked.withLock(\.self) == whole.calls)
    #expect(resumed.results.map(\.tree) == whole.results.map(\.tree))
    let kept = try await store.tree(run: Self.campaign().run, task: TaskID("chain-2"))
    #expect(kept == whole.results[2].tree)
  }

  @Test("Answers that fail are draws that led nowhere; a task where all fail is given up, and the others go on")
  func failures() async throws {
    let policy = ClosurePolicy("coin") { request throws(PolicyError) in
      if request.key.task.rawValue == "chain-1" || request.key.particle % 5 == 0 {
        throw PolicyError(.contentRefused, "no")
      }
      return try await ChainWorld.coin.respond(to: request)
    }
    let outcome = try await Self.campaign(policy: policy).run(Self.tasks(3))
    #expect(outcome.stopped == nil && outcome.results.count == 3)
    #expect(outcome.results[1].rewardBest == nil && outcome.results[1].failures.count == 8)
    #expect(outcome.results[0].rewardBest != nil && !outcome.results[0].failures.isEmpty)
    #expect(outcome.failedAttempts.tasks == 1)
  }

  @Test("Without a verifier finished attempts count for what the critic expects of them")
  func unverified() async throws {
    // The critic counts zeros in place of ones.
    let wrong = ClosureCritic("wrong") { state in
      let zeros = Double(state.actions.count { $0 == "0" })
      return ReturnDistribution(
        returns: [zeros / 12, (zeros + Double(state.stepLimit - state.step)) / 12], probabilities: [0.3, 0.7])
    }
    let blind = try await Self.campaign(critic: wrong, search: SearchSettings(hasVerifier: false)).run(Self.tasks(12))
    let sighted = try await Self.campaign(critic: wrong).run(Self.tasks(12))
    func mean(_ outcome: Campaign.Outcome) -> Double { MeanEstimate(present: outcome.results.map(\.rewardBest)).mean }
    #expect(mean(blind) < mean(sighted))
    for result in blind.results {
      let best = try #require(result.selection)
      #expect(result.rewardSelected == result.particles[best.particle].trajectory.reward)
    }
  }

  @Test("With a price it ends where no call is worth it, and a lower price buys more")
  func price() async throws {
    var calls: [Int] = []
    var rewards: [Double] = []
    for price in [0.02, 0.004, 0.0008] {
      let search = SearchSettings(calls: 400, rule: Frontier.Rule(price: price))
      let outcome = try await Self.campaign(search: search).run(Self.tasks(12))
      calls.append(outcome.calls)
      rewards.append(MeanEstimate(present: outcome.results.map(\.rewardBest)).mean)
    }
    #expect(calls == calls.sorted() && calls[0] < calls[2] && calls[2] < 12 * 400, "\(calls)")
    #expect(rewards[0] < rewards[2], "\(rewards)")
  }

  @Test("A scalar critic is spread, and does better than none")
  func scalar() async throws {
    let scalar = ClosureCritic("scalar") { state -> Double in
      let ones = Double(state.actions.count { $0 == "1" })
      return (ones + 0.3 * Double(state.stepLimit - state.step)) / Double(state.stepLimit)
    }
    let guided = try await Self.campaign(critic: scalar).run(Self.tasks(60))
    let alone = try await Self.campaign(critic: ConstantCritic()).run(Self.tasks(60))
    let gain = MeanEstimate(
      try zip(guided.results, alone.results).map { try #require($0.rewardBest) - (try #require($1.rewardBest)) })
    #expect(gain.mean > 2.5 * gain.se, "\(gain)")
  }

  @Test(
    "States with the same prompt share its answers: each is asked for once, and less is asked in all",
    arguments: [1, 4])
  func shared(width: Int) async throws {
    let asked = Mutex<[String: Int]>([:])
    let policy = ClosurePolicy("coin") { request throws(PolicyError) in
      asked.withLock { $0[request.digest, default: 0] += 1 }
      return try await ChainWorld.coin.respond(to: request)
    }
    let search = SearchSettings(width: width)
    let outcome = try await Self.campaign(ChainWorld(), policy: policy, search: search).run(Self.tasks(1))
    let result = try #require(outcome.results.first)
    // Twelve prompts, of which each state of a round takes the same answers in the same order.
    #expect(asked.withLock { $0.count } == 12 && result.rewardBest == 1)
    #expect(asked.withLock { $0.values.reduce(0, +) } == outcome.calls)
    let tree = try #require(result.tree)
    #expect(tree.choices.count > outcome.calls, "\(tree.choices.count) choices, \(outcome.calls) calls")
    for round in 0..<12 {
      let firsts = tree.nodes.indices.filter { tree.nodes[$0].step == round }.compactMap { node in
        tree.choices.first { $0.state == node }?.child.map { tree.nodes[$0].action }
      }
      #expect(Set(firsts).count == 1, "round \(round): \(firsts)")
    }
    let again = try await Self.campaign(ChainWorld(), search: search, concurrency: 1).run(Self.tasks(1))
    #expect(again.results.map(\.tree) == outcome.results.map(\.tree))
  }

  @Test("It needs a critic")
  func needsCritic() async throws {
    await #expect(throws: SteeringError.self) { try await Self.campaign(critic: nil).run(Self.tasks(1)) }
  }
}

@Suite("Populations under one budget")
struct WaveTests {
  static func campaign(_ method: Steering.Method, calls: Int, particles: Int = 4, policy: any Policy = ChainWorld.coin)
    -> Campaign
  {
    Campaign(
      world: ChainWorld(), policy: policy, critic: ChainWorld.exactCritic,
      settings: SteeringSettings(
        method: method, particles: particles, schedule: .steps([4, 8]), seed: 3, search: SearchSettings(calls: calls)),
      concurrency: 4)
  }

  @Test(
    "Further populations follow at unsolved tasks until the calls are spent", arguments: [Steering.Method.amc, .bestOf])
  func waves(method: Steering.Method) async throws {
    let policy = ClosurePolicy("some") { request in
      PolicyResponse(request.key.task.rawValue == "chain-0" || request.key.step > 0 ? "1" : "0")
    }
    let campaign = Self.campaign(method, calls: 96, policy: policy)
    let outcome = try await campaign.run(FrontierSearchTests.tasks(3))
    let unit = method == .amc ? 48 : 12
    #expect(outcome.stopped == nil && outcome.results[0].calls == unit && outcome.results[0].later.isEmpty)
    #expect(outcome.calls == 3 * 96 && outcome.results.reduce(0) { $0 + $1.calls } == outcome.calls)
    #expect(outcome.results[1].later.count == (outcome.results[1].calls - unit) / unit)
  }

  @Test("The first population is the one without a budget, its weights and evidence too; the best is of all")
  func first() async throws {
    let tasks = FrontierSearchTests.tasks(6)
    let budgeted = try await Self.campaign(.amc, calls: 144).run(tasks).results
    var settings = Self.campaign(.amc, calls: 144).settings
    settings.search = SearchSettings()
    let alone = try await Campaign(
      world: ChainWorld(), policy: ChainWorld.coin, critic: ChainWorld.exactCritic, settings: settings
    ).run(tasks).results
    #expect(budgeted.map(\.softValue) == alone.map(\.softValue))
    #expect(budgeted.map(\.rewardWeighted) == alone.map(\.rewardWeighted))
    for (many, one) in zip(budgeted, alone) {
      #expect(try #require(many.rewardBest) >= (try #require(one.rewardBest)))
      #expect(many.rewardBest == ([one.rewardBest] + many.later.map(\.rewardBest)).compactMap(\.self).max())
    }
    #expect(budgeted.contains { !$0.later.isEmpty })
  }

  @Test("A budget that is too small for the first population is refused")
  func tooSmall() async throws {
    let error = await #expect(throws: SteeringError.self) {
      try await Self.campaign(.amc, calls: 47).run(FrontierSearchTests.tasks(2))
    }
    #expect(error?.kind == .badSettings && error?.message.contains("steering.calls") == true)
  }
}
