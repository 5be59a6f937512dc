import Agents
import Critics
import Findings
import Foundation

extension Workbench {
  /// Diagnoses the stored rollouts of a split, or of all splits if `split` is nil.
  package func diagnose(split: Split?, critic: String?) async throws -> DiagnoseReport {
    let rollouts = try await rollouts(in: split)
    let predictor = try await predictor(of: rollouts, critic: critic)
    guard
      let diagnosis = Diagnosis(
        rollouts, maximalReward: world.maximalReward, expectedReturnsToGo: predictor?.expectedReturnsToGo)
    else {
      throw CriticError(
        .tooLittleData,
        "None of the \(rollouts.count) stored rollouts is finished. Run the same cox collect again to finish them.")
    }
    return DiagnoseReport(
      diagnosis, environment: world.identity, policy: policyIdentity, split: split, critic: predictor?.name,
      failedAttempts: try await failedAttempts(in: split.map { [$0] } ?? Split.allCases))
  }

  private struct Predictor {
    let name: String
    /// The predictions in the form that ``Diagnosis`` takes.
    let expectedReturnsToGo: [[Double]]
  }

  /// A predictor that was not trained on the tasks it judges; nil for the reward so far alone.
  private func predictor(of rollouts: [Trajectory], critic flag: String?) async throws -> Predictor? {
    guard let flag else { return try await crossFitted(rollouts) }
    // Values from a server cost money, and a diagnosis makes no calls.
    guard !isAsked(flag) else {
      _ = try critic(flag)
      return nil
    }
    return try await withCritic(flag) { critic in
      guard let critic = critic as? any TrainedCritic else { return nil }
      return try await predictor(of: rollouts, by: critic, named: criticName(flag))
    }
  }

  /// The predictions of the critic for tasks that it was not trained on.
  private func predictor(
    of rollouts: [Trajectory], by critic: any TrainedCritic, named name: String
  ) async throws -> Predictor {
    let seen = Set(critic.tasks)
    guard rollouts.contains(where: { !seen.contains($0.task.id) }) else {
      throw ConfigurationError(
        """
        The critic \(name) was trained on all of these tasks, so that none is left to judge it by. Choose another \
        --split, or leave --critic out: then trees are trained on some tasks and judge the others.
        """)
    }
    var expected: [[Double]] = []
    for rollout in rollouts {
      let states = seen.contains(rollout.task.id) ? [] : (0..<rollout.count).map { CriticState(rollout.prefix($0)) }
      expected.append(try await critic.returnsToGo(from: states).map { ($0 ?? critic.marginal).mean })
    }
    return Predictor(name: "\(critic.identity), on tasks it was not trained on", expectedReturnsToGo: expected)
  }

  private func crossFitted(_ rollouts: [Trajectory]) async throws -> Predictor? {
    do {
      let beliefs = try await crossFit(rollouts)
      return Predictor(
        name: "trees, each fold of tasks judged by those trained on the others",
        expectedReturnsToGo: beliefs.map { $0.map(\.mean) })
    } catch let error as CriticError {
      // With a single task, the diagnosis is still useful without a critic.
      guard error.kind == .tooLittleData else { throw error }
      return nil
    }
  }
}
