import Agents

/// Trajectories as one tree, so that what they share is kept once.
struct StepTree {
  struct Node: Hashable {
    /// The number of the step before, or nil at the start.
    let past: Int?
    let step: Step
  }

  private(set) var nodes: [Node] = []
  private var numbers: [Node: Int] = [:]

  /// Adds the steps that are new.
  ///
  /// - Returns: the number of the last step; nil where there is none.
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
