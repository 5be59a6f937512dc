import Agents
import Steering

extension Workbench {
  /// Makes independent attempts at tasks with the frozen policy and stores them. Attempts that are already stored are
  /// kept.
  ///
  /// - Parameter rollouts: attempts at each task.
  /// - Returns: the report, and the reason if the collection is incomplete or failed.
  package func collect(
    _ choice: TaskChoice, rollouts: Int
  ) async throws -> (report: CollectReport, failure: SteeringError?) {
    let (tasks, split) = try choice.select(from: world, default: .train)
    let outcome = try await withRun { try await $0.collect(tasks, split: split, rollouts: rollouts) }
    return (
      CollectReport(outcome, split: split, rollouts: rollouts, pricing: pricing),
      outcome.stopped ?? outcome.failure(ofMoreThan: 0.5)
    )
  }

  /// Makes independent attempts at the tasks of a split with the frozen policy and stores them.
  ///
  /// - Parameter rollouts: attempts at each task. Those that are stored already are kept.
  /// - Throws: `SteeringError` where a limit was reached, or more than half of the attempts failed.
  @discardableResult
  public func collect(split: Split, rollouts: Int = 4) async throws -> CollectReport {
    let (report, failure) = try await collect(TaskChoice(split: split), rollouts: rollouts)
    if let failure { throw failure }
    return report
  }

  /// Stores the world's own solutions of tasks as rollouts of the policy `expert`. No model is called.
  package func collectExpert(_ choice: TaskChoice) async throws -> (report: CollectReport, failure: SteeringError?) {
    let (tasks, split) = try choice.select(from: world, default: .train)
    let (outcome, unsolved) = try await collectExpert(tasks, split: split)
    return (
      CollectReport(outcome, split: split, rollouts: 1, pricing: pricing, unsolved: unsolved),
      outcome.stopped ?? outcome.failure(ofMoreThan: 0.5)
    )
  }
}
