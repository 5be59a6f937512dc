import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Synchronization
import TestSupport
import Testing

@testable import Findings
@testable import Steering

@Suite("A population under beam search")
struct BeamTests {
  static func campaign(_ settings: SteeringSettings, policy: any Policy = ChainWorld.coin) -> Campaign {
    Campaign(world: ChainWorld(), policy: policy, critic: ChainWorld.exactCritic, settings: settings, concurrency: 4)
  }

  @Test("It finds more than best-of-N on the chain, and its weighted mean is the plain one")
  func chain() async throws {
    let tasks = (0..<200).map { ChainWorld().task(number: $0) }
    let settings = SteeringSettings(method: .beam, particles: 8, schedule: .steps([3, 6, 9]), seed: 5)
    let beam = try await Self.campaign(settings).run(tasks).results
    var independent = settings
    independent.method = .bestOf
    let bestOf = try await Self.campaign(independent).run(tasks).results
    let gain = MeanEstimate(try zip(beam, bestOf).map { try #require($0.rewardBest) - (try #require($1.rewardBest)) })
    // The gain is more than four standard errors above zero.
    #expect(gain.mean > 4 * gain.se && gain.se > 0, "\(gain)")
    for result in beam {
      #expect(abs(try #require(result.rewardWeighted) - (try #require(result.rewardMean))) < 1e-12)
      #expect(result.softValue == beam[0].softValue)
      #expect(result.genealogy.checkpoints.map(\.step) == [3, 6, 9])
      for checkpoint in result.genealogy.checkpoints {
        guard let ancestors = checkpoint.ancestors else { continue }
        // The two kept particles stay in their places.
        #expect(Set(ancestors).count == 2 && Set(ancestors).allSatisfy { ancestors[$0] == $0 })
      }
    }
    #expect(beam.reduce(0) { $0 + $1.genealogy.resamplings } > 0)
  }

  @Test("Without a schedule it is best-of-N: the same run, the same attempts, calls made equal too")
  func never() async throws {
    let tasks = (0..<3).map { ChainWorld().task(number: $0) }
    var settings = SteeringSettings(method: .beam, particles: 3, schedule: .never, seed: 5)
    let minimum = [tasks[0].id: 50]
    let beam = Self.campaign(settings)
    let first = try await beam.run(tasks, minimumCalls: minimum).results
    settings.method = .bestOf
    let bestOf = Self.campaign(settings)
    let second = try await bestOf.run(tasks, minimumCalls: minimum).results
    #expect(beam.run == bestOf.run)
    #expect(first.map { $0.particles.map(\.trajectory.reward) } == second.map { $0.particles.map(\.trajectory.reward) })
    #expect(first[0].particles.count == 5)
  }

  @Test("A particle that fails is replaced at the next checkpoint")
  func failures() async throws {
    let policy = ClosurePolicy("coin") { request throws(PolicyError) in
      if request.key.particle == 1, request.key.step == 1 { throw PolicyError(.contentRefused, "no") }
      return try await ChainWorld.coin.respond(to: request)
    }
    let settings = SteeringSettings(method: .beam, particles: 4, schedule: .steps([3]), seed: 1, keep: 3)
    let results = try await Self.campaign(settings, policy: policy).run([ChainWorld().task(number: 0)]).results
    let result = try #require(results.first)
    #expect(result.failedParticles == 1 && result.particles.allSatisfy { $0.failure == nil })
    #expect(result.genealogy.checkpoints[0].ancestors?.contains(1) == false)
  }

  @Test("Attempts go on until so much was paid, and end where they cost nothing")
  func minimumCost() async throws {
    let task = ChainWorld().task(number: 0)
    // 12 calls with 10 input tokens and 1 output token. An attempt costs 12 at this price.
    let budget = Budget(pricing: Pricing(outputPerMillion: 1e6))
    let settings = SteeringSettings(method: .bestOf, particles: 2)
    let campaign = Campaign(world: ChainWorld(), policy: ChainWorld.coin, settings: settings, budget: budget)
    let results = try await campaign.run([task], minimumCost: [task.id: 50]).results
    #expect(results.first?.particles.count == 5)
    let free = Campaign(world: ChainWorld(), policy: ChainWorld.coin, settings: settings)
    #expect(try await free.run([task], minimumCost: [task.id: 50]).results.first?.particles.count == 3)
  }

  @Test("Independent attempts weighed at another β are what they would have been, run at that")
  func weighed() async throws {
    let tasks = (0..<4).map { ChainWorld().task(number: $0) }
    var settings = SteeringSettings(method: .bestOf, particles: 6, temperature: 0.1, seed: 2)
    let first = try await Self.campaign(settings).run(tasks).weighed(atTemperature: 0.5)
    settings.temperature = 0.5
    let second = try await Self.campaign(settings).run(tasks)
    #expect(first.results.map(\.rewardWeighted) == second.results.map(\.rewardWeighted))
    #expect(first.results.map(\.softValue) == second.results.map(\.softValue))
  }

  @Test("What a critic cost is kept where results are weighed at another β")
  func weighedCost() async throws {
    let settings = SteeringSettings(method: .bestOf, particles: 2)
    var outcome = try await Self.campaign(settings).run([ChainWorld().task(number: 0)])
    outcome.criticCost = 0.25
    #expect(outcome.weighed(atTemperature: 0.5).criticCost == 0.25)
  }

  @Test("What another policy took counts towards the limits")
  func earlier() async throws {
    var earlier = Spending()
    earlier.calls = 30
    let budget = Budget(limits: Limits(calls: 40), earlier: earlier)
    let campaign = Campaign(
      world: ChainWorld(), policy: ChainWorld.coin, settings: SteeringSettings(method: .bestOf, particles: 2),
      budget: budget)
    let outcome = try await campaign.run([ChainWorld().task(number: 0)])
    #expect(outcome.stopped?.kind == .limitReached)
    #expect(outcome.stopped?.message.contains("limits.calls, 40 model calls") == true)
    #expect(await budget.spent.calls == 10)
  }
}
