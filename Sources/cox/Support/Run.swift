import Agents
import Foundation
import Reporting
import RolloutStore
import Steering

/// The policy at work: metered, recorded, within the limits.
struct Run {
  let workspace: Workspace
  private let base: any Policy
  private let budget: Budget

  fileprivate init(workspace: Workspace, base: any Policy, budget: Budget) {
    self.workspace = workspace
    self.base = base
    self.budget = budget
  }

  /// Runs one method on tasks, with progress.
  func steer(
    _ tasks: [AgentTask], split: Split?, settings: SteeringSettings, critic: (any Critic)?, verb: String,
    minimumCalls: [TaskID: Int] = [:], title: String? = nil
  ) async throws -> Campaign.Outcome {
    let settings = settings.effective
    let progress = Progress(
      title ?? "\(settings.method.rawValue) × \(settings.particles)", tasks: tasks.count, pricing: workspace.pricing,
      quiet: workspace.options.quiet)
    let concurrency = workspace.configuration.policy.concurrency
    let campaign = Campaign(
      suite: workspace.suite, policy: base, critic: critic, settings: settings, store: workspace.store, budget: budget,
      concurrency: concurrency, verb: verb)
    let outcome = try await campaign.run(
      tasks, split: split, minimumCalls: minimumCalls, called: progress.called, progress: progress.taskDone)
    progress.end()
    return outcome
  }

  /// Independent rollouts of the frozen policy.
  func collect(_ tasks: [AgentTask], split: Split?, rollouts: Int) async throws -> Campaign.Outcome {
    try await steer(
      tasks, split: split,
      settings: SteeringSettings(
        method: .bestOf, particles: rollouts, schedule: .never, answer: .sample,
        seed: workspace.configuration.steering.seed),
      critic: nil, verb: "collect", title: "collect \(split?.rawValue ?? "tasks") × \(rollouts)")
  }

  /// Several methods on the same tasks; independent ones get at least the calls that the steered one took on each task.
  func compare(
    _ methods: [Steering.Method], on tasks: [AgentTask], split: Split?, settings: SteeringSettings,
    critic: (any Critic)?
  ) async throws -> (comparison: Comparison, steered: [PopulationResult], stopped: SteeringError?) {
    var summaries: [Steering.Method: MethodSummary] = [:]
    var steered: [PopulationResult] = []
    var stopped: SteeringError?
    var calls: [TaskID: Int] = [:]
    // The steered one first: what it takes is what the others are given. Then the one of many attempts, since a single
    // attempt is the first of them.
    let order = [Steering.Method.amc, .bestOf, .single]
    for method in order where methods.contains(method) && stopped == nil {
      var settings = settings
      settings.method = method
      settings.answer = .sample
      let outcome = try await steer(
        tasks, split: split, settings: settings, critic: critic, verb: "compare",
        minimumCalls: method == .bestOf ? calls : [:])
      stopped = outcome.stopped
      if method == .amc {
        steered = outcome.results
        calls = Dictionary(outcome.results.map { ($0.task.id, $0.calls) }, uniquingKeysWith: max)
      }
      summaries[method] = summary(outcome, settings: settings)
    }
    let comparison = Comparison(
      methods.compactMap { summaries[$0] }, maximalReward: workspace.suite.maximalReward, total: await budget.spent)
    return (comparison, steered, stopped)
  }

  func summary(_ outcome: Campaign.Outcome, settings: SteeringSettings) -> MethodSummary {
    MethodSummary(
      outcome, settings: settings, pricing: workspace.pricing, maximalReward: workspace.suite.maximalReward)
  }
}

extension Workspace {
  /// Starts the policy, runs `body` with it, and ends both in order, also when interrupted.
  func withRun<T: Sendable>(_ body: (Run) async throws -> T) async throws -> T {
    let budget = Budget(limits: configuration.limits, pricing: pricing)
    do {
      let value = try await withInterrupts(stopping: budget) {
        try await withPolicy { policy in
          try await body(Run(workspace: self, base: policy, budget: budget))
        }
      }
      await suite.close()
      return value
    } catch {
      await suite.close()
      throw error
    }
  }
}
