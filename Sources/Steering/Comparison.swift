import Agents

/// Several methods on the same tasks at equal model calls.
public struct Comparison: Sendable, Codable {
  public let methods: [MethodSummary]
  /// Paired over tasks: the first method named in each row minus the second.
  public let differences: [Difference]
  /// What the whole command took, every answer counted once: methods share answers. Absent where nobody counted.
  public let total: Total?

  public struct Total: Sendable, Codable {
    public let policyCalls: Int
    public let inputTokens: Int
    public let cachedInputTokens: Int
    public let cacheWriteTokens: Int
    public let savedInputTokens: Int
    public let outputTokens: Int
    public let reasoningTokens: Int
    public let cost: Double

    public init(_ spent: Spending) {
      policyCalls = spent.calls
      inputTokens = spent.usage.inputTokens
      cachedInputTokens = spent.usage.cachedInputTokens
      cacheWriteTokens = spent.usage.cacheWriteTokens
      savedInputTokens = spent.usage.savedInputTokens
      outputTokens = spent.usage.outputTokens
      reasoningTokens = spent.usage.reasoningTokens
      cost = spent.cost
    }
  }

  public struct Difference: Sendable, Codable {
    public let method: String
    public let against: String
    public let tasks: Int
    public let rewardBest: MeanEstimate
    public let rewardMean: MeanEstimate
    public let solvedBest: MeanEstimate?
  }

  /// - Parameter maximalReward: what counts as solved, or nil.
  public init(_ methods: [MethodSummary], maximalReward: Double?, total: Spending? = nil) {
    self.methods = methods
    self.total = total.map(Total.init)
    guard let steered = methods.first(where: { $0.method == Method.amc.rawValue }) else {
      differences = []
      return
    }
    differences = methods.filter { $0.method != steered.method }.map { other in
      let rows = Dictionary(other.perTask.map { ($0.task, $0) }, uniquingKeysWith: { first, _ in first })
      let pairs = steered.perTask.compactMap { row in rows[row.task].map { (row, $0) } }
      return Difference(
        method: steered.method, against: other.method, tasks: pairs.count,
        rewardBest: MeanEstimate(pairs.map { $0.rewardBest - $1.rewardBest }),
        rewardMean: MeanEstimate(pairs.map { $0.rewardMean - $1.rewardMean }),
        solvedBest: maximalReward.map { most in
          func solved(_ reward: Double) -> Double { reward >= most - 1e-9 ? 1 : 0 }
          return MeanEstimate(pairs.map { solved($0.rewardBest) - solved($1.rewardBest) })
        })
    }
  }
}
