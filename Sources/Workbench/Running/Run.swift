import Agents
import Foundation
import Reporting
import RolloutStore
import Steering

/// The policy at work: metered, recorded, within the limits.
struct Run {
  let workbench: Workbench
  private let base: any Policy
  let budget: Budget

  init(workbench: Workbench, base: any Policy, budget: Budget) {
    self.workbench = workbench
    self.base = base
    self.budget = budget
  }

  /// Runs one method on tasks, with progress.
  func steer(
    _ tasks: [AgentTask], split: Split?, settings: SteeringSettings, critic: (any Critic)?, verb: String,
    minimumCalls: [TaskID: Int] = [:], minimumCost: [TaskID: Double] = [:], title: String? = nil
  ) async throws -> Campaign.Outcome {
    let settings = settings.effective
    let progress = Progress(
      title ?? "\(settings.method.rawValue) × \(settings.particles)", tasks: tasks.count, pricing: workbench.pricing,
      quiet: workbench.options.quiet)
    let campaign = campaign(settings, critic: critic, verb: verb)
    let before = workbench.criticCost.current
    var outcome = try await campaign.run(
      tasks, split: split, minimumCalls: minimumCalls, minimumCost: minimumCost, called: progress.called,
      progress: progress.taskDone)
    progress.end()
    outcome.criticCost = workbench.criticCost.current - before
    return outcome
  }

  /// One method with the policy at work, in the workbench's store.
  func campaign(_ settings: SteeringSettings, critic: (any Critic)? = nil, verb: String) -> Campaign {
    Campaign(
      suite: workbench.suite, policy: base, critic: critic, settings: settings, store: workbench.store, budget: budget,
      concurrency: workbench.configuration.policy.concurrency, verb: verb)
  }

  /// Independent rollouts of the frozen policy.
  func collect(_ tasks: [AgentTask], split: Split?, rollouts: Int) async throws -> Campaign.Outcome {
    try await steer(
      tasks, split: split, settings: independent(rollouts), critic: nil, verb: "collect",
      title: "collect \(split?.rawValue ?? "tasks") × \(rollouts)")
  }

  /// Attempts that know nothing of each other.
  func independent(_ attempts: Int) -> SteeringSettings {
    SteeringSettings(
      method: .bestOf, particles: attempts, schedule: .never, answer: .sample,
      seed: workbench.configuration.steering.seed,
      onEnvironmentError: workbench.configuration.steering.onEnvironmentError)
  }

  /// - Parameter policy: named only where several are compared.
  func summary(_ outcome: Campaign.Outcome, settings: SteeringSettings, policy: String? = nil) -> MethodSummary {
    MethodSummary(
      outcome, settings: settings, pricing: workbench.pricing, maximalReward: workbench.suite.maximalReward,
      policy: policy)
  }
}

extension Workbench {
  /// Starts the policy, runs `body` with it, and ends both in order, also when interrupted.
  ///
  /// - Parameter budget: what the run may take; nil for what the configuration says.
  func withRun<T: Sendable>(budget: Budget? = nil, _ body: (Run) async throws -> T) async throws -> T {
    let budget = budget ?? self.budget
    return try await suite.closing {
      try await withInterrupts(stopping: budget) {
        try await source.withPolicy(configuration.policy) { policy in
          try await body(Run(workbench: self, base: policy, budget: budget))
        }
      }
    }
  }
}
