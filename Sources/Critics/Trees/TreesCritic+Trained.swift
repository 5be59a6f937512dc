import Agents

extension TreesCritic: TrainedCritic {
  public var tasks: [TaskID] { record.tasks }
  public var marginal: ReturnDistribution { record.marginal }

  /// Uses this critic's own settings; see ``CrossFitted``.
  public func crossFitted(
    on rollouts: [Trajectory], environment: WorldIdentity, policy: String, seed: Seed,
    progress: (@Sendable (String) -> Void)?
  ) async throws(CriticError) -> [[ReturnDistribution]]? {
    try CrossFitted.beliefs(
      about: rollouts, environment: environment, seed: seed, settings: record.settings, progress: progress)
  }
}
