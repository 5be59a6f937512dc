import Agents

/// The record of a frontier search on one task: every visited state, and every choice in the order in which the tree
/// grew.
public struct SearchTree: Sendable, Hashable, Codable {
  /// A visited state.
  public struct Node: Sendable, Hashable, Codable {
    /// The index of the node it was reached from; nil for the root. A parent comes before its children.
    public let parent: Int?
    /// Steps taken.
    public let step: Int
    /// The newest action; empty for the root.
    public let action: String
    /// What was paid so far, in reward units.
    public let reward: Double
    /// r + E[G], in reward units; for a finished state its worth.
    public let expected: Double
    /// Whether nothing is still to come.
    public let isFinished: Bool

    /// A node of a record read from a file or made by hand.
    public init(parent: Int?, step: Int, action: String, reward: Double, expected: Double, isFinished: Bool) {
      self.parent = parent
      self.step = step
      self.action = action
      self.reward = reward
      self.expected = expected
      self.isFinished = isFinished
    }
  }

  /// The states, the root first, in the order in which they were reached.
  public let nodes: [Node]
  /// The choices, each with its expected improvement. One without a child failed or is not answered.
  public let choices: [Frontier.Choice]

  /// A record read from a file or made by hand.
  public init(nodes: [Node], choices: [Frontier.Choice]) {
    self.nodes = nodes
    self.choices = choices
  }

  /// - Parameter trajectories: one for each state of the frontier.
  public init(_ frontier: Frontier, _ trajectories: [Trajectory]) {
    nodes = zip(frontier.states, trajectories).map { state, trajectory in
      Node(
        parent: state.parent, step: state.step, action: trajectory.last?.action.text ?? "", reward: state.reward,
        expected: state.isFinished ? state.worth : state.reward + state.returnToGo.mean, isFinished: state.isFinished)
    }
    choices = frontier.choices
  }

  /// Whether parents come before their children, steps count up, and choices name nodes. A record read from a damaged
  /// file may not.
  public var isSound: Bool {
    nodes.first?.parent == nil
      && nodes.enumerated().dropFirst().allSatisfy { index, node in
        node.parent.map { (0..<index).contains($0) && nodes[$0].step + 1 == node.step } ?? false
      }
      && choices.allSatisfy { nodes.indices.contains($0.state) && $0.child.map(nodes.indices.contains) ?? true }
  }
}
