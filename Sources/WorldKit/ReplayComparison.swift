import Agents

/// What the comparison of a replay needs of one step.
package protocol ReplayedStep {
  associatedtype Seen: Equatable

  /// What the agent was shown. It may differ: some worlds list things in a different order each time.
  var seen: Seen { get }
  /// In reward units.
  var reward: Double { get }
  var isDone: Bool { get }
  /// Whether the world refused the action; false for worlds that report refusals only in the text.
  var isRefused: Bool { get }
}

extension ReplayedStep {
  package var isRefused: Bool { false }
}

extension Outcome: ReplayedStep {
  package var seen: String { observation.text }
}

/// Compares the steps of a replayed episode with the recorded ones, and counts the texts that differ.
///
/// A difference in text is a mismatch: it is counted, and the replay goes on. A difference in the reward, in the
/// refusal or in the end of the episode is a divergence: the replayed episode is not the recorded one.
package struct ReplayComparison: Sendable {
  package enum Verdict: Sendable, Hashable {
    case same, differsInText, diverges
  }

  /// A replayed step whose reward or end differs from the recorded one.
  package struct Divergence: Sendable, Hashable {
    /// The number of the step, from 1.
    package let step: Int
    package let replayed: Outcome
    package let recorded: Outcome
  }

  /// The number of texts that differed so far.
  package private(set) var mismatches = 0
  private let tolerance: Double

  /// - Parameter tolerance: the largest difference between equal rewards. Rewards are sums of decimals, which a world
  ///   may add up in a different order.
  package init(tolerance: Double = 1e-6) {
    self.tolerance = tolerance
  }

  /// Compares the observations before the first step. The same words in a different order are a mismatch; different
  /// words are a divergence.
  package mutating func compare(opening replayed: Observation, with recorded: Observation) -> Verdict {
    guard replayed.text != recorded.text else { return .same }
    mismatches += 1
    return replayed.text.saysTheSame(as: recorded.text) ? .differsInText : .diverges
  }

  package mutating func compare<Step: ReplayedStep>(_ replayed: Step, with recorded: Step) -> Verdict {
    let readsAlike = replayed.seen == recorded.seen
    if !readsAlike { mismatches += 1 }
    // Written so that NaN diverges.
    guard abs(replayed.reward - recorded.reward) <= tolerance, replayed.isDone == recorded.isDone,
      replayed.isRefused == recorded.isRefused
    else { return .diverges }
    return readsAlike ? .same : .differsInText
  }

  /// Replays recorded actions in a fresh episode, up to the first step that diverges.
  ///
  /// - Returns: the first step that diverged, or nil.
  package mutating func replay(
    _ steps: some Sequence<(action: Action, outcome: Outcome)>, in episode: inout any Episode
  ) async throws(WorldError) -> Divergence? {
    var number = 0
    for (action, recorded) in steps {
      number += 1
      let replayed = try await episode.step(action)
      if compare(replayed, with: recorded) == .diverges {
        return Divergence(step: number, replayed: replayed, recorded: recorded)
      }
    }
    return nil
  }
}
