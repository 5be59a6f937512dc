import Agents

extension Diagnosis {
  /// How early the reward at the end can be told, among rollouts of one task: selection is within a task.
  public struct Predictability: Sendable, Hashable, Codable {
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
      /// Tasks that have two such rollouts or more, which the figures within tasks are over.
      public let tasks: Int
      /// 1 − Σ(y − ŷ)²/Σy², with the rewards y at the end and the expected ones ŷ each taken relative to their task's mean
      /// over these rollouts; nil where the rewards of no task differ. Of the reward so far, ŷ is its multiple that fits
      /// the other tasks best. Below 0, nothing would be the better guess.
      public let rSquared: MeanEstimate?
      /// The mean over tasks whose rewards differ of Spearman's ρ, 0 where the expectations are all the same.
      public let spearman: MeanEstimate?
      /// The mean over tasks with solved and unsolved rollouts of the chance that a solved one is expected to end higher.
      public let auc: MeanEstimate?
      public let overall: Overall
    }

    /// The same across tasks, where telling an easy task from a hard one counts too. That cannot be used by selection.
    public struct Overall: Sendable, Hashable, Codable {
      /// Nil without a critic: the reward so far is no prediction of the reward at the end.
      public let rSquared: Double?
      public let spearman: Double?
      public let auc: Double?
    }

    public let predictor: Predictor
    /// Rollouts and tasks that were judged.
    public let rollouts: Int
    public let tasks: Int
    public let steps: [Step]
    /// The first step after which anything can be told within tasks: R² is at least ``leastRSquared`` and more than two standard
    /// errors above 0. Nil where there is none.
    public let firstTold: Int?
    /// The first such step with at least half of the largest R²: predictable from here.
    public let from: Int?

    /// What explains less of the differences between rollouts moves their weights less than chance does.
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

/// A rollout, and what was expected of it after each step.
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
      // The task's own rollouts do not choose the line they are judged by.
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

/// Sums of squares and products of what is expected (x) and what came (y), both relative to the task's means.
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
