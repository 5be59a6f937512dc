#if OpenWeights
  import Agents
  import Tensors

  /// A rollout to learn from: how much better it was than others of its task, and how undecided the frozen model was at each
  /// token.
  package struct Lesson: Sendable {
    package let rollout: RolloutTokens
    /// (r − mean) / deviation within the task, clipped.
    package let advantage: Double
    /// The frozen model's entropy at each drawn token, in nats, sequence after sequence.
    package let entropies: [[Float]]
    /// The frozen model's log-probability of each drawn token.
    package let logProbabilities: [[Float]]

    /// - Parameter figures: of each drawn token under the frozen model, sequence after sequence.
    package init(rollout: RolloutTokens, advantage: Double, figures: [[TokenFigures]]) {
      self.rollout = rollout
      self.advantage = advantage
      entropies = figures.map { $0.map(\.entropy) }
      logProbabilities = figures.map { $0.map(\.logProbability) }
    }

    /// Drawn tokens at which the frozen model was undecided by more than `threshold` nats.
    func decisions(above threshold: Double) -> Int {
      entropies.reduce(0) { sum, sequence in sum + sequence.count { Double($0) > threshold } }
    }

    /// |advantage| · decisions / drawn tokens: rollouts are learned from in this order.
    func clarity(above threshold: Double) -> Double {
      abs(advantage) * Double(decisions(above: threshold)) / Double(max(rollout.drawn, 1))
    }
  }

  /// Which of the stored rollouts are learned from.
  package struct ProblemSelection: Sendable {
    package struct Problem: Sendable {
      package let task: TaskID
      /// The share of attempts that earned all there is.
      package let passRate: Double
      package let rollouts: [RolloutTokens]
    }

    package let problems: [Problem]
    /// Tasks whose attempts all passed, all failed, or that have too few.
    package let tooEasy: Int
    package let tooHard: Int
    package let tooFew: Int
    /// Tasks whose attempts differ that were further from a pass rate of one half than those taken.
    package let notNeeded: Int
    /// Rollouts of the problems taken that were left out as the longest.
    package let trimmed: Int

    /// The tasks nearest to a pass rate of one half, with attempts that differ (where rewards are all or nothing: both outcomes), without their longest rollouts (those with most tokens
    /// drawn).
    ///
    /// - Parameters:
    ///   - pass: the reward from which an attempt passed.
    ///   - problems: how many tasks at most.
    ///   - trim: the share of rollouts, the longest of all, that is left out.
    package init(_ rollouts: [RolloutTokens], pass: Double, problems count: Int, trim: Double) {
      var (easy, hard, few): (Int, Int, Int) = (0, 0, 0)
      var candidates: [Problem] = []
      for (task, group) in Dictionary(grouping: rollouts, by: \.task).sorted(by: { $0.key < $1.key }) {
        let passed = group.count { $0.reward >= pass - 1e-9 }
        if group.count < 2 {
          few += 1
        } else if Set(group.map(\.reward)).count < 2 {
          // All alike: no rollout is better than another.
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
      // Ties stay in, so that where all are as long as each other nothing is cut.
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
    /// Each rollout's standing among those of its task: (r − mean) / deviation, clipped at ±`limit` where there is one.
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
#endif
