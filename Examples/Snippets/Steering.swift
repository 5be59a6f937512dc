// The snippets of "Steer your own world".

import Coxswain
import CoxswainTesting

func steerYourOwnWorld() async throws {
  // snippet: check
  var check = WorldCheck(Additions())
  for finding in try await check.run(try Additions().tasks(in: .train)) where finding.verdict == .wrong {
    print("\(finding.name): \(finding.detail)")
  }
  // end snippet

  // snippet: campaign
  let settings = SteeringSettings(method: .amc, particles: 8, temperature: 0.05, schedule: .steps([2, 4]), seed: 1)
  let campaign = Campaign(world: Additions(), policy: dice, critic: average, settings: settings)
  let outcome = try await campaign.run(try Additions().tasks(in: .test))
  for result in outcome.results {
    print(result.task.id, result.rewardBest ?? .nan, result.rewardWeighted ?? .nan, result.genealogy.forks)
  }
  // end snippet

  // snippet: comparison
  for method in [Method.single, .bestOf, .amc, .beam] {
    let settings = SteeringSettings(
      method: method, particles: 8, temperature: 0.05, schedule: .steps([2, 4]), seed: 1)
    let outcome = try await Campaign(world: Additions(), policy: dice, critic: average, settings: settings)
      .run(try Additions().tasks(in: .test))
    let summary = MethodSummary(outcome, settings: settings, pricing: Pricing(), maximalReward: 1)
    print(summary.method, summary.rewardBest.mean, summary.rewardBest.se, summary.policyCalls)
  }
  // end snippet
}

func resume(at path: String) async throws {
  // snippet: store
  let store = try RolloutStore(path: path)
  let budget = Budget(limits: Limits(calls: 10_000, seconds: 600))
  let campaign = Campaign(
    world: Additions(), policy: dice, critic: average, settings: SteeringSettings(schedule: .steps([2, 4])),
    store: store, budget: budget)
  let outcome = try await campaign.run(try Additions().tasks(in: .test), split: .test)
  print(outcome.calls, "calls, of which", outcome.storedCalls, "were read from the store")
  if let stopped = outcome.stopped { print(stopped.message) }
  // end snippet
}
