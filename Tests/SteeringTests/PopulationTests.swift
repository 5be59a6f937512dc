import Agents
import Findings
import Foundation
import ParticleFilter
import Steering
import TestSupport
import Testing

@Suite("A steered population")
struct PopulationTests {
  static func population(
    _ world: ChainWorld = ChainWorld(), policy: any Policy = ChainWorld.coin,
    critic: (any Critic)? = ChainWorld.exactCritic, count: Int = 8, schedule: Schedule = .steps([4, 8]),
    temperature: Double = 0.1, divergence: DivergencePolicy = .retry, answer: Answer = .sample, seed: UInt64 = 1
  ) -> Population {
    Population(
      world: world, policy: policy, critic: critic,
      settings: SteeringSettings(
        particles: count, temperature: temperature, schedule: schedule, answer: answer, divergence: divergence,
        seed: seed),
      run: "test")
  }

  /// The whole driver, compared with enumeration. Tolerance: 4.5 standard errors over 200 populations.
  @Test("samples the posterior", arguments: [Schedule.never, .steps([4, 8]), .effectiveSampleSize(below: 0.5)])
  func posterior(schedule: Schedule) async throws {
    var evidence: [Double] = []
    var weighted: [Double] = []
    for seed in 0..<200 {
      let population = Self.population(count: 15, schedule: schedule, seed: UInt64(seed))
      let result = try await population.steer(ChainWorld().task(number: 0))
      // exp of the estimated soft value over β is unbiased; Z = (0.7 + 0.3·exp(1/(12·0.1)))¹².
      let ratio = exp(try #require(result.softValue) / 0.1 - 12 * log(0.7 + 0.3 * exp(1 / 1.2)))
      evidence.append(ratio)
      weighted.append(ratio * (try #require(result.rewardWeighted)))
    }
    let z = MeanEstimate(evidence)
    #expect(abs(z.mean - 1) < 4.5 * z.se)
    let mean = MeanEstimate(weighted)
    #expect(abs(mean.mean - 0.4965) < 4.5 * mean.se)
  }

  @Test func calls() async throws {
    let world = ChainWorld()
    let result = try await Self.population(world).steer(world.task(number: 0))
    #expect(result.calls == 8 * 12)
    #expect(result.usage == Usage(inputTokens: 960, outputTokens: 96))
    #expect(result.criticCalls == 1 + 2 * 8 + 8)
    #expect(result.particles.allSatisfy { $0.trajectory.isDone && $0.failure == nil })
    #expect(abs(result.particles.reduce(0) { $0 + $1.weight } - 1) < 1e-12)
    #expect(world.counter.opened == world.counter.closed)
    // A world that copies itself needs no steps for a fork.
    #expect(world.counter.steps == 8 * 12)
  }

  @Test("A fork by replay finds the same trajectories as one by copy")
  func replay() async throws {
    let copied = try await Self.population().steer(ChainWorld().task(number: 0))
    let world = ChainWorld(forking: .replays)
    let replayed = try await Self.population(world).steer(world.task(number: 0))
    #expect(copied.genealogy.forks > 0)
    #expect(replayed.genealogy == copied.genealogy)
    #expect(replayed.particles.map(\.trajectory.steps) == copied.particles.map(\.trajectory.steps))
    #expect(replayed.replayMismatches == 0)
    #expect(world.counter.opened == world.counter.closed)
  }

  @Test func otherWordsAreCountedAndOtherRewardsDiverge() async throws {
    let words = ChainWorld(forking: .replaysInOtherWords)
    let result = try await Self.population(words).steer(words.task(number: 0))
    #expect(result.replayMismatches > 0 && result.failedParticles == 0)

    let rewards = ChainWorld(forking: .replaysWithOtherRewards)
    let dropped = try await Self.population(rewards, divergence: .drop).steer(rewards.task(number: 0))
    #expect(dropped.failedParticles > 0)
    #expect(dropped.particles.allSatisfy { $0.failure == nil || $0.weight == 0 })
    #expect(rewards.counter.opened == rewards.counter.closed)

    let again = ChainWorld(forking: .replaysWithOtherRewards)
    let kept = try await Self.population(again, divergence: .keep).steer(again.task(number: 0))
    #expect(kept.failedParticles == 0)
    #expect(again.counter.opened == again.counter.closed)
  }

  @Test("A call that fails for good costs one particle")
  func failedParticle() async throws {
    let policy = ClosurePolicy("frail") { request throws(PolicyError) in
      if request.key.particle == 2, request.key.step == 2 { throw PolicyError(.contextTooLong, "too long") }
      return try await ChainWorld.coin.respond(to: request)
    }
    let world = ChainWorld()
    let steered = try await Self.population(world, policy: policy).steer(world.task(number: 0))
    #expect(steered.failedParticles == 1)
    // A clone took the failed particle's place.
    #expect(steered.particles.allSatisfy { $0.failure == nil && $0.trajectory.isDone })
    let independent = try await Self.population(world, policy: policy, schedule: .never).steer(world.task(number: 0))
    #expect(independent.particles[2].failure == AttemptFailure(.contextTooLong, "too long"))
    #expect(independent.particles[2].weight == 0)
    #expect(independent.failedParticles == 1)
    #expect(world.counter.opened == world.counter.closed)
  }

  @Test func whenEveryCallFailsNothingIsLeaked() async throws {
    let world = ChainWorld()
    let policy = ClosurePolicy("down") { _ throws(PolicyError) in throw PolicyError(.unauthorized, "no key") }
    let population = Self.population(world, policy: policy)
    await #expect(throws: SteeringError.self) { try await population.steer(world.task(number: 0)) }
    #expect(world.counter.opened == world.counter.closed)

    let refused = ClosurePolicy("prude") { _ throws(PolicyError) in throw PolicyError(.contentRefused, "no") }
    let result = try await Self.population(world, policy: refused).steer(world.task(number: 0))
    #expect(result.failedParticles == 8 && result.failures.allSatisfy { $0.kind == .contentRefused })
    // A failed attempt has no reward.
    #expect(result.rewardBest == nil && result.rewardMean == nil && result.rewardWeighted == nil)
    #expect(result.rewardSelected == nil && result.softValue == nil && result.particles.allSatisfy { $0.weight == 0 })
  }

  @Test func oneParticleIsOneAttempt() async throws {
    let result = try await Self.population(count: 1).steer(ChainWorld().task(number: 0))
    #expect(result.genealogy.resamplings == 0)
    #expect(result.particles.map(\.weight) == [1])
    #expect(result.rewardBest == result.rewardMean)
  }

  @Test("An answer that is no action reaches the world as one that could not be read")
  func nonsense() async throws {
    let policy = ClosurePolicy("babble", format: .react) { _ in PolicyResponse("\u{1B}[31m lorem ipsum") }
    let result = try await Self.population(policy: policy).steer(ChainWorld().task(number: 0))
    #expect(result.particles.allSatisfy { $0.trajectory.steps.allSatisfy { !$0.action.isParsed } })
    #expect(result.rewardMean == 0 && result.failedParticles == 0)
  }

  @Test func aRewardThatIsNoNumberIsRefused() async throws {
    struct Broken: World {
      let identity = WorldIdentity(kind: "broken")
      func tasks(in split: Split) -> [AgentTask] { [] }
      func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "", stepLimit: 2) }
      func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
        (ClosureEpisode(state: 0) { _, _ in Outcome(Observation(""), reward: .nan) }, Observation(""))
      }
    }
    let population = Population(
      world: Broken(), policy: ChainWorld.coin, critic: nil,
      settings: SteeringSettings(method: .bestOf, particles: 2), run: "test")
    let result = try await population.steer(Broken().task("t"))
    #expect(result.rewardBest == nil && result.failures.count == 2)
    #expect(result.failures.allSatisfy { $0.kind == .badReward && $0.message.contains("nan") })
    let strict = Population(
      world: Broken(), policy: ChainWorld.coin, critic: nil,
      settings: SteeringSettings(method: .bestOf, particles: 2, onEnvironmentError: .stop), run: "test")
    let error = await #expect(throws: SteeringError.self) { try await strict.steer(Broken().task("t")) }
    #expect(error?.kind == .environment && error?.message.contains("nan") == true)
  }

  @Test("What finished early is banked, and a search stops at the maximal reward")
  func bank() async throws {
    // An episode can be ended early with the reward so far: "0" ends it.
    struct Leave: World {
      let identity = WorldIdentity(kind: "leave")
      let maximalReward: Double? = 1
      func tasks(in split: Split) -> [AgentTask] { [] }
      func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "", stepLimit: 10) }
      func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
        let episode = ClosureEpisode(state: 0) { round, action in
          round += 1
          return Outcome(
            Observation("\(round)"), reward: action.text == "0" ? 0.5 : round == 6 ? 1 : 0,
            isDone: action.text == "0" || round == 6)
        }
        return (episode, Observation("start"))
      }
    }
    // Promises more to particles that stay, so finished ones are culled.
    let critic = ClosureCritic("stay") { _ in 5 }
    let settings = SteeringSettings(particles: 12, temperature: 0.1, schedule: .steps([1, 2, 3]), seed: 3)
    let sample = try await Population(
      world: Leave(), policy: ChainWorld.coin, critic: critic, settings: settings, run: "test"
    ).steer(Leave().task("t"))
    #expect(!sample.bank.isEmpty)
    #expect(sample.bank.allSatisfy { $0.trajectory.isDone && $0.trajectory.reward == 0.5 })
    #expect(try #require(sample.rewardBest) >= 0.5)

    var searching = settings
    searching.answer = .search
    searching.schedule = .steps(Array(1...9))
    let always = ClosurePolicy("ones") { request in
      PolicyResponse(request.key.particle == 0 && request.key.step < 6 ? "1" : "2")
    }
    let search = try await Population(
      world: Leave(), policy: always, critic: critic, settings: searching, run: "test"
    ).steer(Leave().task("t"))
    #expect(search.rewardBest == 1)
    #expect(search.calls == 12 * 6)
  }

  @Test func withoutAVerifierTheCriticChooses() async throws {
    let result = try await Self.population().steer(ChainWorld().task(number: 1))
    let selection = try #require(result.selection)
    // The exact critic sees every state, so its choice is the best.
    #expect(result.rewardSelected == result.particles.map(\.trajectory.reward).max())
    #expect(abs(selection.score - (try #require(result.rewardSelected))) < 1e-9)
    let blind = try await Self.population(critic: nil, schedule: .never).steer(ChainWorld().task(number: 1))
    #expect(blind.selection == nil && blind.rewardSelected == blind.rewardMean)
  }

  @Test("Between checkpoints particles run free", .timeLimit(.minutes(2)))
  func freeRunning() async throws {
    // The first particle's first answer waits for the second particle's second request, in the same segment. In
    // lockstep the particles would wait for each other forever.
    let (steps, arrived) = AsyncStream.makeStream(of: Void.self)
    let policy = ClosurePolicy("waiting") { request in
      if request.key.particle == 1, request.key.step == 1 { arrived.finish() }
      if request.key.particle == 0, request.key.step == 0 { for await _ in steps {} }
      return PolicyResponse("1")
    }
    let world = ChainWorld(rounds: 4)
    let result = try await Self.population(world, policy: policy, count: 2, schedule: .steps([2])).steer(
      world.task(number: 0))
    #expect(result.rewardMean == 1)
    #expect(result.wallSeconds >= result.criticalPathSeconds && result.criticalPathSeconds > 0)
  }
}
