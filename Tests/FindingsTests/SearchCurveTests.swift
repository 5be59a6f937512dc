import Agents
import Foundation
import ParticleFilter
import TestSupport
import Testing

@testable import Findings
@testable import Steering

@Suite("Methods under one budget, simulated") struct SearchCurveTests {
  static func curve(_ rises: [(Int, Double)], end: Int? = nil) -> SearchCurve {
    var curve = SearchCurve()
    for (calls, best) in rises { curve.note(best, after: calls) }
    curve.end = end
    return curve
  }

  @Test("The best reward within so many calls")
  func best() {
    let curve = Self.curve([(5, 0.4), (10, 0.2), (15, 0.8)])
    #expect([0, 4, 5, 14, 15, 90].map { curve.best(within: $0) } == [0, 0, 0.4, 0.4, 0.8, 0.8])
  }

  @Test("Calls that a solved task leaves go to the others, evenly")
  func allotted() {
    let curves = [Self.curve([], end: 5), Self.curve([]), Self.curve([], end: 60), Self.curve([])]
    #expect(SearchCurve.allotted(curves, total: 160) == [5, 52, 52, 51])
    #expect(SearchCurve.allotted(curves, total: 400) == [5, 168, 60, 167])
    #expect(SearchCurve.allotted([curves[0], curves[2]], total: 400) == [5, 60])
    #expect(SearchCurve.allotted(curves, total: 3) == [1, 1, 1, 0])
  }

  /// Rewards that a plan predicts for a method, by share of the calls.
  static func predicted(_ choice: Plan.MethodChoice, _ method: Steering.Method) throws -> [Double] {
    try #require(choice.forecasts.first { $0.method == method.rawValue }).points.map(\.reward.mean)
  }

  @Test("What is predicted is what real searches reach, up to the best stored reward", .timeLimit(.minutes(10)))
  func prediction() async throws {
    let plan = try await PlanTests.planner(numbers: [8]).plan(try await PlanTests.rollouts())
    let choice = try #require(plan.methodChoice(hasVerifier: true))
    #expect(choice.method == "frontier" && choice.calls == 48, "\(choice.reason)")
    for method in [Steering.Method.bestOf, .frontier] {
      let predicted = try Self.predicted(choice, method)
      for (share, expected) in zip(MethodArena.shares, predicted) where share >= 0.5 {
        let settings = SteeringSettings(
          method: method, particles: 8, seed: 77, search: SearchSettings(calls: Int(share * choice.calls)))
        // Prompts that tell the past, since a plan does not know which prompts are equal.
        let world = ChainWorld(rounds: 6, tellsPast: true)
        let found = try await Campaign(
          world: world, policy: ChainWorld.coin, critic: ChainWorld.exactCritic, settings: settings, concurrency: 64
        ).run((1_000..<1_100).map(world.task)).results
        let real = MeanEstimate(found.map { $0.rewardBest ?? 0 })
        // The simulation does not promise too much. It may promise too little: it reaches no reward that no stored rollout
        // has, here five sixths.
        let note: Comment = "\(method.rawValue) at \(share): \(expected), \(real)"
        #expect(expected < real.mean + 0.05 + 4 * real.se, note)
        #expect(min(expected, 5.0 / 6) > min(real.mean, 5.0 / 6) - 0.1 - 4 * real.se, note)
      }
    }
  }

  @Test("A critic of noise is seen to harm a search, and best-of with stopping is planned", .timeLimit(.minutes(10)))
  func noise() async throws {
    let rollouts = try await PlanTests.rollouts(critic: PlanTests.noise, reference: ChainWorld.exactCritic)
    let plan = try await PlanTests.planner(numbers: [8]).plan(rollouts)
    for hasVerifier in [true, false] {
      let choice = try #require(plan.methodChoice(hasVerifier: hasVerifier))
      #expect(choice.method == "best-of", "\(choice.reason)")
    }
  }

  @Test("A constant critic is best-of with stopping")
  func constant() async throws {
    let marginal = ClosureCritic("constant") { _ in ReturnDistribution(returns: [0, 1], probabilities: [0.5, 0.5]) }
    let rollouts = try await PlanTests.rollouts(critic: marginal, reference: ChainWorld.exactCritic)
    let plan = try await PlanTests.planner(numbers: [8]).plan(rollouts)
    #expect(plan.methodChoice(hasVerifier: true)?.method == "best-of")
  }
}
