import Agents

/// A stored rollout of the frozen policy, with the predictions for its prefixes by critics that never saw its task.
public struct ValuedRollout: Sendable {
  /// The rollout. Unfinished ones are ignored by ``Planner``.
  public let trajectory: Trajectory
  /// The prediction of the critic to steer by for each prefix of 0 ..< count steps; nil where it gave none.
  public let beliefs: [ReturnDistribution?]
  /// The prediction of the best available predictor for the same prefixes. It decides which states count as alike,
  /// independently of the critic that is judged.
  public let reference: [ReturnDistribution]

  /// - Parameter reference: nil if the critic is itself the best available predictor.
  /// - Precondition: one belief for each prefix of 0 ..< count steps, and as many in `reference`.
  public init(_ trajectory: Trajectory, beliefs: [ReturnDistribution?], reference: [ReturnDistribution]? = nil) {
    self.trajectory = trajectory
    self.beliefs = beliefs
    self.reference = reference ?? beliefs.map { $0 ?? .point(0) }
    precondition(beliefs.count == trajectory.count && self.reference.count == trajectory.count, "one belief a prefix")
  }
}
