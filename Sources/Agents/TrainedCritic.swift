/// A critic that was trained on stored rollouts. Its accuracy on training tasks does not carry over to new tasks.
public protocol TrainedCritic: Critic {
  /// The tasks whose rollouts it was trained on.
  var tasks: [TaskID] { get }

  /// The distribution of the return-to-go over all training states: the prediction of a critic that does not
  /// distinguish states.
  var marginal: ReturnDistribution { get }

  /// Out-of-fold predictions for the rollouts. The tasks are divided into folds, and each fold is predicted by a critic
  /// trained on the other folds.
  ///
  /// - Parameters:
  /// - Parameters:
  ///   - rollouts: rollouts of the frozen policy.
  ///   - environment: the world that the rollouts come from.
  ///   - policy: the identity of the policy that produced the rollouts.
  ///   - seed: decides the folds and every fit.
  ///   - progress: called with a message as folds are done.
  /// - Returns: one array per rollout, with the return-to-go after each of its steps except the last. Nil if training
  ///   again takes too long; only tasks outside the training set can then be judged.
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
