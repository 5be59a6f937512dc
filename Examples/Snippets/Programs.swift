// The snippets of "Train and plan from a program".

import Coxswain

func trainAndPlan(store path: String) async throws {
  // snippet: workbench
  let options = Workbench.Options(
    world: Additions(), policy: dice, store: path,
    steering: SteeringSettings(particles: 8, temperature: 0.05, answer: .search, seed: 1))
  try await Workbench.with(options) { bench in
    let collected = try await bench.collect(split: .train, rollouts: 16)
    try await bench.collect(split: .validation, rollouts: 16)
    let trained = try await bench.train()
    let (plan, file) = try await bench.plan()
    let summary = try await bench.steer()
    print(collected.text, trained.text, file, plan.rollouts, separator: "\n")
    print(summary.method, summary.rewardBest.mean, summary.rewardBest.se)
  }
  // end snippet

  // snippet: plan
  try await Workbench.with(options) { bench in
    var request = PlanRequest()
    request.particles = 16
    let (plan, _) = try await bench.plan(request)
    guard let choice = plan.choice(.search, particles: 16) else { return }
    print(choice.schedule, choice.temperature, choice.gain.mean, choice.gain.se, choice.reason)
  }
  // end snippet

  // snippet: diagnosis
  try await Workbench.with(options) { bench in
    let rollouts = try await bench.store.rollouts(
      of: bench.world.identity, policy: bench.policyIdentity, split: .train)
    let diagnosis = Diagnosis(rollouts.map(\.trajectory), maximalReward: bench.world.maximalReward)
    if let diagnosis { print(diagnosis.advice.kind, diagnosis.headroom.gain.mean) }
  }
  // end snippet
}

// snippet: configuration
func steer(configuration: String, store: String) async throws -> MethodSummary {
  let options = try Workbench.Options(configuration: configuration, store: store, seed: 1)
  return try await Workbench.with(options) { bench in
    var request = SteerRequest(TaskChoice(split: .test, tasks: "0..<40"))
    request.method = .amc
    return try await bench.steer(request)
  }
}
// end snippet
