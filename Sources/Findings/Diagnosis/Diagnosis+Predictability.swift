import Agents

extension Diagnosis {
  /// How early the final reward can be predicted among the rollouts of one task, since selection is within a task.
  public struct Predictability: Sendable, Hashable, Codable {
    /// What the predictions were made from.
    public enum Predictor: String, Sendable, Hashable, Codable {
      /// The reward so far and what a critic that never saw the task expects still to come.
      case critic
      /// The reward so far alone.
      case rewardSoFar
    }

    /// The figures of the rollouts still running after some number of steps.
    public struct Step: Sendable, Hashable, Codable {
      public let step: Int
      /// Rollouts that take at least one more step.
      public let rollouts: Int
      /// Tasks with at least two such rollouts, which the figures within tasks are over.
      public let tasks: Int
      /// R² within tasks, 1 − Σ(y − ŷ)²/Σy², with the final rewards y and their predictions ŷ each relative to their
      /// task's mean over these rollouts; nil if the rewards of no task differ. For the reward so far, ŷ is its
      /// multiple that fits the other tasks best. Below 0, predicting the task's mean would be better.
      public let rSquared: MeanEstimate?
      /// Spearman's ρ, averaged over the tasks whose rewards differ; 0 for a task whose predictions are all equal.
      public let spearman: MeanEstimate?
      /// The probability that a solved rollout has a higher prediction than an unsolved one of its task, averaged over
      /// tasks that have both.
      public let auc: MeanEstimate?
      /// The same figures with rollouts of all tasks pooled.
      public let overall: Overall
    }

    /// The figures across tasks, in which telling an easy task from a hard one counts too. Selection cannot use that.
    public struct Overall: Sendable, Hashable, Codable {
      /// R² of the expected final reward; nil without a critic, since the reward so far does not predict the final
      /// reward.
      public let rSquared: Double?
      /// Spearman's ρ of the prediction and the final reward; nil if either is constant.
      public let spearman: Double?
      /// The area under the ROC curve of solved against unsolved rollouts; nil if all are alike.
      public let auc: Double?
    }

    /// The critic, or the reward so far if there is none.
    public let predictor: Predictor
    /// Rollouts and tasks that were judged.
    public let rollouts: Int
    public let tasks: Int
    /// The figures after 0, 1, 2, … steps, up to the longest rollout.
    public let steps: [Step]
    /// The first step after which the final reward can be predicted within tasks: R² is at least ``leastRSquared`` and
    /// more than two standard errors above 0. Nil if there is none.
    public let firstTold: Int?
    /// The first such step with at least half of the largest R²: predictable from here.
    public let from: Int?

    /// The least useful R². Below it, predictions move the weights less than chance does.
    public static let leastRSquared = 0.05

    /// R² within tasks, by steps taken.
    public var curve: [Point] {
      steps.compactMap { step in step.rSquared.map { Point(x: step.step, estimate: $0, tasks: step.tasks) } }
    }

    init(_ groups: [Group], hasCritic: Bool) {
      predictor = hasCritic ? .critic : .rewardSoFar
      let judged = groups.map { group in
        group.attempts.compactMap { attempt in
          (hasCritic ? attempt.expected : attempt.paid).map {
            Judged(expected: $0, reward: attempt.reward, isSolved: attempt.isSolved)
          }
        }
      }.filter { !$0.isEmpty }
      rollouts = judged.reduce(0) { $0 + $1.count }
      tasks = judged.count
      let longest = judged.flatMap(\.self).map(\.expected.count).max() ?? 0
      steps = (0..<longest).map { step in
        Step(step, judged.map { $0.filter { $0.expected.count > step } }.filter { !$0.isEmpty }, hasCritic: hasCritic)
      }
      let told = steps.compactMap { step in step.rSquared.map { (step: step, rSquared: $0) } }.filter {
        $0.step.tasks >= Advice.leastTasks && $0.rSquared.mean >= Self.leastRSquared
          && $0.rSquared.mean > 2 * $0.rSquared.se
      }
      firstTold = told.first?.step.step
      let half = (told.map(\.rSquared.mean).max() ?? 0) / 2
      from = told.first { $0.rSquared.mean >= half }?.step.step
    }
  }
}

/// A rollout with the expected final reward after each step.
private struct Judged {
  let expected: [Double]
  let reward: Double
  let isSolved: Bool
}

extension Diagnosis.Predictability.Step {
  fileprivate init(_ step: Int, _ groups: [[Judged]], hasCritic: Bool) {
    let several = groups.filter { $0.count > 1 }
    self.step = step
    rollouts = groups.reduce(0) { $0 + $1.count }
    tasks = several.count

    let sums = several.map { group in
      let expected = group.mean { $0.expected[step] }
      let reward = group.mean(\.reward)
      return group.reduce(into: Sums()) { $0.add($1.expected[step] - expected, $1.reward - reward) }
    }
    let whole = sums.reduce(into: Sums()) { $0.add($1) }
    let ratios = sums.map { sum -> (a: Double, b: Double) in
      // The slope is fitted on the other tasks, so that a task's own rollouts do not affect it.
      let rest = whole.xx - sum.xx
      let slope = hasCritic ? 1 : rest > 1e-12 ? (whole.xy - sum.xy) / rest : 0
      return (sum.yy - 2 * slope * sum.xy + slope * slope * sum.xx, sum.yy)
    }
    rSquared =
      whole.yy > 1e-12
      ? MeanEstimate(ratio: ratios).map { MeanEstimate(mean: 1 - $0.mean, se: $0.se) } : nil

    let correlations = zip(several, sums).filter { $1.yy > 1e-12 }.map { group, _ in
      RankStatistics.spearman(group.map { $0.expected[step] }, group.map(\.reward)) ?? 0
    }
    spearman = correlations.isEmpty ? nil : MeanEstimate(correlations)
    let areas = several.compactMap { group in
      RankStatistics.areaUnderCurve(scores: group.map { $0.expected[step] }, successes: group.map(\.isSolved))
    }
    auc = areas.isEmpty ? nil : MeanEstimate(areas)

    let all = groups.flatMap(\.self)
    let expected = all.map { $0.expected[step] }
    let rewards = all.map(\.reward)
    overall = Diagnosis.Predictability.Overall(
      rSquared: hasCritic ? RankStatistics.rSquared(predictions: expected, outcomes: rewards) : nil,
      spearman: RankStatistics.spearman(expected, rewards),
      auc: RankStatistics.areaUnderCurve(scores: expected, successes: all.map(\.isSolved)))
  }
}

/// Sums of squares and products of the predictions (x) and the rewards (y), both relative to the task's means.
private struct Sums {
  var xx = 0.0
  var xy = 0.0
  var yy = 0.0

  mutating func add(_ x: Double, _ y: Double) {
    xx += x * x
    xy += x * y
    yy += y * y
  }

  mutating func add(_ other: Sums) {
    xx += other.xx
    xy += other.xy
    yy += other.yy
  }
}
