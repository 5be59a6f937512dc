import Agents

/// Trajectories as a tree, which stores shared steps once.
struct StepTree {
  struct Node: Hashable {
    /// The number of the previous step; nil at the start.
    let past: Int?
    let step: Step
  }

  private(set) var nodes: [Node] = []
  private var numbers: [Node: Int] = [:]

  /// Adds the steps that are not in the tree yet.
  ///
  /// - Returns: the number of the last step; nil if there are no steps.
  mutating func add(_ steps: [Step]) -> Int? {
    var tip: Int?
    for step in steps {
      let node = Node(past: tip, step: step)
      if let known = numbers[node] {
        tip = known
      } else {
        numbers[node] = nodes.count
        tip = nodes.count
        nodes.append(node)
      }
    }
    return tip
  }
}
