// The snippets of "Write a critic".

import Coxswain
import Foundation

func compareCritics() async throws {
  // snippet: critics
  let critics: [any Critic] = [ConstantCritic(), average, ExactCritic()]
  for critic in critics {
    let settings = SteeringSettings(particles: 8, temperature: 0.05, schedule: .steps([2, 4]), seed: 1)
    let outcome = try await Campaign(world: Additions(), policy: dice, critic: critic, settings: settings)
      .run(try Additions().tasks(in: .test))
    let summary = MethodSummary(outcome, settings: settings, pricing: Pricing(), maximalReward: 1)
    print(critic.identity, summary.rewardBest.mean, summary.rewardBest.se)
  }
  // end snippet
}

func trainCritic(in store: RolloutStore, to file: URL) async throws {
  // snippet: trees
  let (world, policy) = (Additions(), dice)
  let training = try await store.rollouts(of: world.identity, policy: policy.identity, split: .train)
  let critic = try TreesCritic.fit(
    training.map(\.trajectory), environment: world.identity, policy: policy.identity, seed: Seed(1))
  let heldOut = try await store.rollouts(of: world.identity, policy: policy.identity, split: .validation)
  let figures = try await HeldOutFigures.evaluate(critic, on: heldOut.map(\.trajectory), success: 1)
  print(figures.all.critic.rSquared ?? .nan, "R², and of a constant", figures.all.constant.rSquared ?? .nan)
  // end snippet

  // snippet: artifact
  try critic.encoded().write(to: file)
  let read = try TreesCritic(decoding: Data(contentsOf: file), for: world.identity)
  // end snippet
  print(read.identity == critic.identity)
}

func judge(_ policy: any Policy) -> any Critic {
  // snippet: judge
  let judge = JudgeCritic(policy, rewards: 0...1)
  // end snippet
  return judge
}
