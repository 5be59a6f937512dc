import Agents
import Foundation
import Reporting
import RolloutStore
import Steering

/// The policy at work: metered, recorded, within the limits.
struct Run {
  let workspace: Workspace
  private let base: any Policy
  let budget: Budget

  init(workspace: Workspace, base: any Policy, budget: Budget) {
    self.workspace = workspace
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
      title ?? "\(settings.method.rawValue) × \(settings.particles)", tasks: tasks.count, pricing: workspace.pricing,
      quiet: workspace.options.quiet)
    let campaign = campaign(settings, critic: critic, verb: verb)
    let before = workspace.criticCost.current
    var outcome = try await campaign.run(
      tasks, split: split, minimumCalls: minimumCalls, minimumCost: minimumCost, called: progress.called,
      progress: progress.taskDone)
    progress.end()
    outcome.criticCost = workspace.criticCost.current - before
    return outcome
  }

  /// One method with the policy at work, in the workspace's store.
  func campaign(_ settings: SteeringSettings, critic: (any Critic)? = nil, verb: String) -> Campaign {
    Campaign(
      suite: workspace.suite, policy: base, critic: critic, settings: settings, store: workspace.store, budget: budget,
      concurrency: workspace.configuration.policy.concurrency, verb: verb)
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
      seed: workspace.configuration.steering.seed,
      onEnvironmentError: workspace.configuration.steering.onEnvironmentError)
  }

  /// - Parameter policy: named only where several are compared.
  func summary(_ outcome: Campaign.Outcome, settings: SteeringSettings, policy: String? = nil) -> MethodSummary {
    MethodSummary(
      outcome, settings: settings, pricing: workspace.pricing, maximalReward: workspace.suite.maximalReward,
      policy: policy)
  }
}

extension Workspace {
  /// Starts the policy, runs `body` with it, and ends both in order, also when interrupted.
  ///
  /// - Parameter budget: what the run may take; nil for what the configuration says.
  func withRun<T: Sendable>(budget: Budget? = nil, _ body: (Run) async throws -> T) async throws -> T {
    let budget = budget ?? self.budget
    return try await suite.closing {
      try await withInterrupts(stopping: budget) {
        try await source.withPolicy(configuration.policy) { policy in
          try await body(Run(workspace: self, base: policy, budget: budget))
        }
      }
    }
  }
}
