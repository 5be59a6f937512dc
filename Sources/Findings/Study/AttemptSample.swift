import Agents

/// The rewards of independent attempts at tasks. It gives the value of a single attempt and of several.
package struct AttemptSample: Sendable, Hashable, Codable {
  package struct Row: Sendable, Hashable, Codable {
    package let task: TaskID
    /// The reward of each attempt, at least one.
    package let rewards: [Double]

    package init(task: TaskID, rewards: [Double]) {
      self.task = task
      self.rewards = rewards
    }

    var mean: Double { rewards.reduce(0, +) / Double(rewards.count) }

    func passed(_ reward: Double) -> Int { rewards.count { $0 >= reward - 1e-9 } }
  }

  /// The value of one number of attempts.
  package struct Point: Sendable, Hashable, Codable {
    /// How many attempts.
    package let attempts: Int
    package let estimate: MeanEstimate

    package init(attempts: Int, estimate: MeanEstimate) {
      self.attempts = attempts
      self.estimate = estimate
    }
  }

  package let rows: [Row]

  /// - Parameter rows: tasks without an attempt are left out.
  package init(_ rows: [Row]) { self.rows = rows.filter { !$0.rewards.isEmpty } }

  /// The smallest number of attempts of a task.
  package var attempts: Int { rows.map(\.rewards.count).min() ?? 0 }

  /// The mean reward of a single attempt, over tasks.
  package var reward: MeanEstimate { MeanEstimate(rows.map(\.mean)) }

  /// The share of single attempts with a reward of at least `reward`, over tasks.
  package func passRate(_ reward: Double) -> MeanEstimate {
    MeanEstimate(rows.map { Double($0.passed(reward)) / Double($0.rewards.count) })
  }

  /// The unbiased estimate of the best of N, for N = 1, 2, 4, … and up to `most`.
  package func bestOf(upTo most: Int) -> [Point] {
    ladder(upTo: most).map { count in
      Point(
        attempts: count,
        estimate: MeanEstimate(rows.map { Diagnosis.Headroom.best(of: $0.rewards, draws: count) }))
    }
  }

  /// The unbiased estimate of pass@k, for k = 1, 2, 4, … and up to all attempts.
  package func passAtK(_ reward: Double) -> [Point] {
    ladder(upTo: attempts).map { count in
      Point(
        attempts: count,
        estimate: MeanEstimate(
          rows.map { Diagnosis.Headroom.pass(solved: $0.passed(reward), of: $0.rewards.count, draws: count) }))
    }
  }

  /// This sample's reward of a single attempt minus another's, paired over common tasks.
  package func difference(from other: AttemptSample) -> PairedEstimate {
    PairedEstimate(means, minus: other.means)
  }

  /// The difference in the share of attempts that pass, paired over common tasks.
  package func passDifference(from other: AttemptSample, _ reward: Double) -> PairedEstimate {
    PairedEstimate(rates(reward), minus: other.rates(reward))
  }

  /// The mean reward of each task.
  package var means: [TaskID: Double] { table { $0.mean } }

  private func rates(_ reward: Double) -> [TaskID: Double] {
    table { Double($0.passed(reward)) / Double($0.rewards.count) }
  }

  private func table(_ value: (Row) -> Double) -> [TaskID: Double] {
    Dictionary(rows.map { ($0.task, value($0)) }, uniquingKeysWith: { first, _ in first })
  }

  private func ladder(upTo most: Int) -> [Int] { Self.ladder(upTo: min(most, attempts)) }

  /// 1, 2, 4, … below `most`, and `most`.
  package static func ladder(upTo most: Int) -> [Int] {
    guard most >= 1 else { return [] }
    return Array(sequence(first: 1) { $0 * 2 }.prefix { $0 < most }) + [most]
  }
}

/// One number per task minus another, over the tasks with both.
package struct PairedEstimate: Sendable, Hashable, Codable {
  package let tasks: Int
  package let estimate: MeanEstimate
  /// The 95 % interval (``MeanEstimate/interval``); absent with fewer than two tasks.
  package let interval: MeanEstimate.Interval?

  package init(_ ours: [TaskID: Double], minus theirs: [TaskID: Double]) {
    // Sorted by name, since a floating-point sum depends on the order.
    let common = ours.keys.filter { theirs[$0] != nil }.sorted()
    let values = common.map { (ours[$0] ?? 0) - (theirs[$0] ?? 0) }
    tasks = values.count
    estimate = MeanEstimate(values)
    interval = values.count < 2 ? nil : estimate.interval
  }
}
