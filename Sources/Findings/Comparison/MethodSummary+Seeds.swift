import Agents

extension MethodSummary {
  /// One method with its settings over several seeds. A task's rewards are means over seeds. Estimates are over tasks,
  /// since several seeds of one task are not independent tasks.
  ///
  /// Seeds that were stopped early are left out if others were not. If all were stopped, only the first is used.
  /// - Parameters:
  ///   - parts: one for each seed, at least one.
  ///   - maximalReward: the reward that counts as solved, or nil.
  init(averaging parts: [MethodSummary], maximalReward: Double?) {
    let whole = Self.comparable(parts)
    self = whole[0]
    stopped = parts.lazy.compactMap(\.stopped).first
    guard whole.count > 1 else { return }
    let rows = Self.rows(of: whole)
    func estimate(_ value: (TaskRow) -> Double?) -> MeanEstimate { MeanEstimate(present: rows.map { $0.mean(value) }) }
    func sum<T: AdditiveArithmetic>(_ value: KeyPath<MethodSummary, T>) -> T {
      whole.reduce(.zero) { $0 + $1[keyPath: value] }
    }
    seeds = whole.flatMap(\.seeds)
    tasks = rows.count
    rewardBest = estimate(\.rewardBest)
    rewardMean = estimate(\.rewardMean)
    rewardWeighted = estimate(\.rewardWeighted)
    rewardSelected = Selected(
      estimate: estimate(\.rewardSelected),
      by: whole.first { $0.rewardSelected.by != "chance" }?.rewardSelected.by ?? "chance")
    solvedBest = maximalReward.map { most in estimate { $0.solved(at: most) } }
    softValue = estimate(\.softValue)
    policyCalls = sum(\.policyCalls)
    storedCalls = sum(\.storedCalls)
    criticCalls = sum(\.criticCalls)
    inputTokens = sum(\.inputTokens)
    cachedInputTokens = sum(\.cachedInputTokens)
    cacheWriteTokens = sum(\.cacheWriteTokens)
    savedInputTokens = sum(\.savedInputTokens)
    outputTokens = sum(\.outputTokens)
    reasoningTokens = sum(\.reasoningTokens)
    estimatedTokens =
      whole.contains { $0.estimatedTokens != nil } ? whole.reduce(0) { $0 + ($1.estimatedTokens ?? 0) } : nil
    cutOffAnswers = whole.contains { $0.cutOffAnswers != nil } ? whole.reduce(0) { $0 + ($1.cutOffAnswers ?? 0) } : nil
    cost = sum(\.cost)
    criticCost = whole.contains { $0.criticCost != nil } ? whole.reduce(0) { $0 + ($1.criticCost ?? 0) } : nil
    wallSeconds = sum(\.wallSeconds)
    criticalPathSeconds = sum(\.criticalPathSeconds)
    resamplings = sum(\.resamplings)
    forks = sum(\.forks)
    replayMismatches = sum(\.replayMismatches)
    failedParticles = sum(\.failedParticles)
    failedAttempts = FailedAttempts(
      whole.flatMap(\.failedAttempts.reasons), tasks: rows.count { $0.mean(\.rewardBest) == nil })
    searchesStopped = sum(\.searchesStopped)
    perTask = rows.map(TaskRow.init(averaging:))
  }

  /// The parts that were not stopped early, or the first part if all were.
  static func comparable(_ parts: [MethodSummary]) -> [MethodSummary] {
    let whole = parts.filter { $0.stopped == nil }
    return whole.isEmpty ? Array(parts.prefix(1)) : whole
  }

  /// For each task that all parts have, its rows, one from each part.
  static func rows(of parts: [MethodSummary]) -> [[TaskRow]] {
    let tables = parts.map { Dictionary($0.perTask.map { ($0.task, $0) }, uniquingKeysWith: { first, _ in first }) }
    return (parts.first?.perTask ?? []).compactMap { row in
      let found = tables.compactMap { $0[row.task] }
      return found.count == parts.count ? found : nil
    }
  }
}

extension MethodSummary.TaskRow {
  init(averaging rows: [Self]) {
    func sum<T: AdditiveArithmetic>(_ value: KeyPath<Self, T>) -> T { rows.reduce(.zero) { $0 + $1[keyPath: value] } }
    self.init(
      task: rows[0].task, rewardBest: rows.mean(\.rewardBest), rewardMean: rows.mean(\.rewardMean),
      rewardWeighted: rows.mean(\.rewardWeighted), rewardSelected: rows.mean(\.rewardSelected),
      softValue: rows.mean(\.softValue), policyCalls: sum(\.policyCalls), inputTokens: sum(\.inputTokens),
      cachedInputTokens: sum(\.cachedInputTokens), outputTokens: sum(\.outputTokens),
      reasoningTokens: sum(\.reasoningTokens), cost: sum(\.cost), chosen: rows[0].chosen)
  }

  /// 1 if the best particle has the maximal reward, otherwise 0.
  func solved(at most: Double) -> Double? { rewardBest.map { $0 >= most - 1e-9 ? 1 : 0 } }
}

extension [MethodSummary.TaskRow] {
  /// The mean over the rows that have the value; nil if none has.
  func mean(_ value: (Element) -> Double?) -> Double? {
    let present = compactMap(value)
    return present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
  }
}
