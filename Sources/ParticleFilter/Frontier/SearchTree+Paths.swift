extension SearchTree {
  /// The states reached from each state, in the order in which they were reached.
  package var children: [[Int]] {
    var children = Array(repeating: [Int](), count: nodes.count)
    for (index, node) in nodes.enumerated() {
      if let parent = node.parent { children[parent].append(index) }
    }
    return children
  }

  /// The states from the root to one of them, the root included.
  package func path(to state: Int) -> [Int] {
    var path = [state]
    while let parent = nodes[path[path.count - 1]].parent { path.append(parent) }
    return path.reversed()
  }

  /// Where the calls are that led to a state: the choice, and the steps taken before it. The i-th choice of a search is
  /// stored as particle i.
  package func places(of state: Int) -> [(particle: Int, step: Int)] {
    path(to: state).dropFirst().compactMap { child in
      choices.firstIndex { $0.child == child }.map { ($0, nodes[child].step - 1) }
    }
  }

  /// What the critic expected still to come in states, by the number of steps taken. A finished state has no value.
  package func values(of states: [Int]) -> [Int: Double] {
    var values: [Int: Double] = [:]
    for state in states where !nodes[state].isFinished {
      values[nodes[state].step] = nodes[state].expected - nodes[state].reward
    }
    return values
  }
}
