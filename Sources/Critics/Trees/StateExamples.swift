import Agents

/// Training examples for critics that are trained elsewhere: states of rollouts, each with the class of its
/// return-to-go.
package struct StateExamples: Sendable {
  package let states: [CriticState]
  /// The class of each state's return-to-go, as an index into ``returns``.
  package let classes: [Int]
  /// The representative return of each class, in reward units.
  package let returns: [Double]
  /// The distribution over all states.
  package let marginal: ReturnDistribution
  package let tasks: [TaskID]

  /// Every state before the end of every finished rollout, and the finished state with its last reward hidden.
  ///
  /// - Parameter bins: the largest number of classes.
  /// - Throws: an error if no rollout is finished.
  package init(_ trajectories: [Trajectory], bins: Int = 16) throws(CriticError) {
    let rollouts = try Rollouts.finished(trajectories)
    guard !rollouts.isEmpty else {
      throw CriticError(
        .tooLittleData, "None of the \(trajectories.count) rollouts is finished: there is nothing to learn from.")
    }
    let observed = Self.observed(rollouts)
    let bins = ReturnBins(observed.map(\.returnToGo), limit: bins)
    self.init(observed, bins: bins, tasks: rollouts.map(\.task.id))
  }

  /// The states of other rollouts, with the classes of these examples.
  package func others(_ trajectories: [Trajectory]) throws(CriticError) -> StateExamples {
    let rollouts = try Rollouts.finished(trajectories)
    return StateExamples(Self.observed(rollouts), bins: bins, tasks: rollouts.map(\.task.id))
  }

  private let bins: ReturnBins

  private init(_ observed: [ObservedState], bins: ReturnBins, tasks: [TaskID]) {
    self.bins = bins
    states = observed.map(\.state)
    classes = observed.map { bins.bin(of: $0.returnToGo) }
    returns = bins.values
    marginal = bins.distribution(of: observed.map(\.returnToGo))
    self.tasks = Set(tasks).sorted()
  }

  private static func observed(_ rollouts: [Trajectory]) -> [ObservedState] {
    rollouts.flatMap { $0.observedPrefixes + [$0.observedAnswer].compactMap(\.self) }
  }
}
