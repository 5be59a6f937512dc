import Agents
import Tensors

/// A rollout to learn from, with its advantage over others of its task and the frozen model's entropy at each token.
package struct Lesson: Sendable {
  package let rollout: RolloutTokens
  /// (r − mean) / deviation within the task, clipped.
  package let advantage: Double
  /// The frozen model's entropy at each drawn token, in nats, for each sequence.
  package let entropies: [[Float]]
  /// The frozen model's log-probability of each drawn token.
  package let logProbabilities: [[Float]]

  /// - Parameter figures: the figures of each drawn token under the frozen model, for each sequence.
  package init(rollout: RolloutTokens, advantage: Double, figures: [[TokenFigures]]) {
    self.rollout = rollout
    self.advantage = advantage
    entropies = figures.map { $0.map(\.entropy) }
    logProbabilities = figures.map { $0.map(\.logProbability) }
  }

  /// The number of drawn tokens at which the frozen model's entropy exceeds `threshold` nats.
  func decisions(above threshold: Double) -> Int {
    entropies.reduce(0) { sum, sequence in sum + sequence.count { Double($0) > threshold } }
  }

  /// |advantage| · decisions / drawn tokens. Rollouts are learned from in decreasing order of it.
  func clarity(above threshold: Double) -> Double {
    abs(advantage) * Double(decisions(above: threshold)) / Double(max(rollout.drawn, 1))
  }
}

/// Selects the stored rollouts to learn from.
package struct ProblemSelection: Sendable {
  package struct Problem: Sendable {
    package let task: TaskID
    /// The share of attempts with the full reward.
    package let passRate: Double
    package let rollouts: [RolloutTokens]
  }

  package let problems: [Problem]
  /// The numbers of tasks whose attempts all passed, all failed, or are too few.
  package let tooEasy: Int
  package let tooHard: Int
  package let tooFew: Int
  /// The number of tasks with differing attempts whose pass rates were further from one half than those selected.
  package let notNeeded: Int
  /// The number of rollouts of the selected problems that were left out as the longest.
  package let trimmed: Int

  /// Selects the tasks with pass rates nearest to one half whose attempts differ in reward. With all-or-nothing
  /// rewards these are the tasks with both outcomes. The rollouts with the most drawn tokens are left out.
  ///
  /// - Parameters:
  ///   - pass: the lowest reward of a passing attempt.
  ///   - problems: the most tasks.
  ///   - trim: the share of all rollouts that is left out as the longest.
  package init(_ rollouts: [RolloutTokens], pass: Double, problems count: Int, trim: Double) {
    var (easy, hard, few): (Int, Int, Int) = (0, 0, 0)
    var candidates: [Problem] = []
    for (task, group) in Dictionary(grouping: rollouts, by: \.task).sorted(by: { $0.key < $1.key }) {
      let passed = group.count { $0.reward >= pass - 1e-9 }
      if group.count < 2 {
        few += 1
      } else if Set(group.map(\.reward)).count < 2 {
        // With equal rewards no rollout is better than another.
        if passed > 0 { easy += 1 } else { hard += 1 }
      } else {
        candidates.append(
          Problem(task: task, passRate: Double(passed) / Double(group.count), rollouts: group))
      }
    }
    (tooEasy, tooHard, tooFew) = (easy, hard, few)
    candidates.sort { (abs($0.passRate - 0.5), $0.task) < (abs($1.passRate - 0.5), $1.task) }
    notNeeded = max(0, candidates.count - count)
    let taken = Array(candidates.prefix(count))
    let lengths = taken.flatMap { $0.rollouts.map(\.drawn) }.sorted()
    // Rollouts tied at the limit are kept, so that nothing is cut if all have the same length.
    let kept = Int((Double(lengths.count) * (1 - trim)).rounded())
    let longest = lengths.isEmpty ? 0 : lengths[min(max(kept, 1), lengths.count) - 1]
    problems = taken.map { problem in
      Problem(
        task: problem.task, passRate: problem.passRate, rollouts: problem.rollouts.filter { $0.drawn <= longest })
    }.filter { Set($0.rollouts.map(\.reward)).count > 1 }
    trimmed = lengths.count - problems.reduce(0) { $0 + $1.rollouts.count }
  }
}

extension ProblemSelection {
  /// The advantage of each rollout within its task: (r − mean) / deviation, clipped at ±`limit` if one is given.
  package static func advantages(_ rewards: [Double], limit: Double? = 2.5) -> [Double] {
    guard !rewards.isEmpty else { return [] }
    let count = Double(rewards.count)
    let mean = rewards.reduce(0, +) / count
    let deviation = (rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    guard deviation > 1e-9 else { return rewards.map { _ in 0 } }
    return rewards.map { reward in
      let advantage = (reward - mean) / deviation
      return limit.map { max(-$0, min($0, advantage)) } ?? advantage
    }
  }
}
