import Agents

/// A state of a finished rollout with its realised return-to-go.
struct ObservedState: Sendable {
  let state: CriticState
  let returnToGo: Double
}

extension Trajectory {
  /// Every prefix for which the filter may need a value, the empty one included. The terminal state is excluded: its
  /// return-to-go is 0 by definition.
  var observedPrefixes: [ObservedState] {
    (0..<count).map(prefix).filter { !$0.isFinished }.map {
      ObservedState(state: CriticState($0), returnToGo: reward - $0.reward)
    }
  }

  /// The finished trajectory as a user without a verifier sees it: the last reward is hidden and is the return-to-go.
  /// Nil before the first step.
  var observedAnswer: ObservedState? {
    last.map { ObservedState(state: CriticState(self, hidingLastReward: true), returnToGo: $0.outcome.reward) }
  }
}

enum Rollouts {
  /// The rollouts whose return is known, sorted by task. Rollouts of one task keep their order.
  static func finished(_ trajectories: [Trajectory]) throws(CriticError) -> [Trajectory] {
    var finished: [Trajectory] = []
    for trajectory in trajectories where trajectory.isFinished && trajectory.count > 0 {
      guard trajectory.reward.isFinite else {
        throw CriticError(
          .failed, "A rollout of task \(trajectory.task.id) has the reward \(trajectory.reward), which is not a number."
        )
      }
      finished.append(trajectory)
    }
    return finished.enumerated()
      .sorted { ($0.element.task.id, $0.offset) < ($1.element.task.id, $1.offset) }
      .map(\.element)
  }
}
