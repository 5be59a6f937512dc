/// A critic that was trained on stored rollouts. What it says of the tasks it saw says nothing of new ones.
public protocol TrainedCritic: Critic {
  /// The tasks whose rollouts it was trained on.
  var tasks: [TaskID] { get }

  /// The distribution of the return-to-go over all states it was trained on: what a critic would say that tells no states
  /// apart.
  var marginal: ReturnDistribution { get }

  /// What critics of this kind say of rollouts whose tasks they were not trained on: each fold of tasks is judged by one that
  /// is trained on the other folds.
  ///
  /// - Parameters:
  ///   - rollouts: of the frozen policy.
  ///   - environment: the world they come from.
  ///   - policy: the identity of the policy they come from.
  ///   - seed: decides the folds and every fit.
  ///   - progress: told in words as folds are done.
  /// - Returns: one array per rollout, in it the return-to-go after each of its steps but the last; nil where training again
  ///   takes too long, so that only tasks it did not see can be judged.
  func crossFitted(
    on rollouts: [Trajectory], environment: WorldIdentity, policy: String, seed: Seed,
    progress: (@Sendable (String) -> Void)?
  ) async throws(CriticError) -> [[ReturnDistribution]]?
}

extension TrainedCritic {
  public func crossFitted(
    on rollouts: [Trajectory], environment: WorldIdentity, policy: String, seed: Seed,
    progress: (@Sendable (String) -> Void)?
  ) async throws(CriticError) -> [[ReturnDistribution]]? { nil }
}
