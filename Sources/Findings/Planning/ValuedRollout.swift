import Agents

/// A stored rollout of the frozen policy and what critics said of its prefixes, none of which saw a rollout of its task.
public struct ValuedRollout: Sendable {
  public let trajectory: Trajectory
  /// What the critic to be steered by believes, one for each prefix of 0..<count steps; nil where it had no value to give.
  public let beliefs: [ReturnDistribution?]
  /// What the best predictor at hand believes of the same prefixes: it says which states are alike, whatever the critic that
  /// is judged says.
  public let reference: [ReturnDistribution]

  /// - Parameter reference: nil where the critic is itself the best predictor at hand.
  /// - Precondition: one belief for each prefix before the end, and as many of the reference.
  public init(_ trajectory: Trajectory, beliefs: [ReturnDistribution?], reference: [ReturnDistribution]? = nil) {
    self.trajectory = trajectory
    self.beliefs = beliefs
    self.reference = reference ?? beliefs.map { $0 ?? .point(0) }
    precondition(beliefs.count == trajectory.count && self.reference.count == trajectory.count, "one belief a prefix")
  }
}
