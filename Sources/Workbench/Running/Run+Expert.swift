import Agents
import Policies
import Steering

extension Workbench {
  /// Stores the world's own solutions of the tasks as rollouts of the policy ``ExpertPolicy``. No model is called.
  ///
  /// - Returns: what was stored, and the number of tasks without a solution.
  package func collectExpert(
    _ tasks: [AgentTask], split: Split?
  ) async throws -> (outcome: Campaign.Outcome, unsolved: Int) {
    try await solutions(of: tasks, split: split)
  }

  private func solutions(
    of tasks: [AgentTask], split: Split?
  ) async throws -> (outcome: Campaign.Outcome, unsolved: Int) {
    guard let world = world as? any ExpertWorld else {
      throw ConfigurationError(
        "The world \(world.identity.kind) has no expert; --expert works with orders, arithmetic, textcraft and "
          + "textworld-express.")
    }
    var solved: [AgentTask] = []
    for task in tasks where try await world.solution(of: task) != nil { solved.append(task) }
    guard !solved.isEmpty else {
      throw ConfigurationError(
        "The expert of \(world.identity.kind) has no solution within the steps of any of these \(tasks.count) tasks; raise "
          + "environment.maxSteps, or choose other tasks.")
    }
    let run = Run(
      workbench: self, base: ExpertPolicy(world: world, format: configuration.policy.format), budget: Budget())
    let outcome = try await observer.stoppable(budget: run.budget) {
      // One attempt for each task, since the expert is deterministic.
      try await run.collect(solved, split: split, rollouts: 1)
    }
    return (outcome, tasks.count - solved.count)
  }
}
