import Agents

/// One method over many tasks: the JSON of `cox steer`, and one element of that of `cox compare`.
public struct MethodSummary: Sendable, Codable {
  /// A mean reward and who chose.
  public struct Selected: Sendable, Codable {
    public let mean: Double
    public let se: Double
    /// `critic`, or `chance` where none was asked.
    public let by: String
  }

  public struct TaskRow: Sendable, Codable {
    public let task: TaskID
    public let rewardBest: Double
    public let rewardMean: Double
    public let rewardWeighted: Double
    public let rewardSelected: Double
    public let softValue: Double
    public let policyCalls: Int
    public let inputTokens: Int
    public let cachedInputTokens: Int
    public let outputTokens: Int
    public let reasoningTokens: Int
    public let cost: Double
  }

  public let method: String
  public let tasks: Int
  public let particles: Int
  public let temperature: Double
  public let resample: String
  /// The best particle by true reward.
  public let rewardBest: MeanEstimate
  /// The plain mean over particles.
  public let rewardMean: MeanEstimate
  /// The mean under the final weights.
  public let rewardWeighted: MeanEstimate
  /// What a user without a verifier would get.
  public let rewardSelected: Selected
  /// Share of tasks whose best particle has the maximal reward; absent where the world names none.
  public let solvedBest: MeanEstimate?
  /// V(s₀) + β·log Ẑ.
  public let softValue: MeanEstimate
  public let policyCalls: Int
  /// Of these, how many were read from the store, so that `wallSeconds` leaves them out.
  public let storedCalls: Int
  public let criticCalls: Int
  public let inputTokens: Int
  public let cachedInputTokens: Int
  /// Of the input, what the provider charged for putting into its cache.
  public let cacheWriteTokens: Int
  /// Input that asking identical prompts once has saved; not part of `inputTokens`.
  public let savedInputTokens: Int
  public let outputTokens: Int
  /// Of the output, what reasoning models thought.
  public let reasoningTokens: Int
  public let cost: Double
  public let wallSeconds: Double
  public let criticalPathSeconds: Double
  public let resamplings: Int
  public let forks: Int
  public let replayMismatches: Int
  public let failedParticles: Int
  /// Searches that ended at the maximal reward with particles unfinished, which the means then count at what they had.
  public let searchesStopped: Int
  /// Why the run ended early, or absent.
  public let stopped: String?
  public let perTask: [TaskRow]

  public init(
    _ outcome: Campaign.Outcome, settings: SteeringSettings, pricing: Pricing, maximalReward: Double?
  ) {
    let results = outcome.results
    let settings = settings.effective
    func mean(_ value: (PopulationResult) -> Double) -> MeanEstimate { MeanEstimate(results.map(value)) }
    func total(_ value: (PopulationResult) -> Int) -> Int { results.reduce(0) { $0 + value($1) } }
    method = settings.method.rawValue
    tasks = results.count
    particles = settings.particles
    temperature = settings.temperature
    resample = settings.schedule.description
    rewardBest = mean(\.rewardBest)
    rewardMean = mean(\.rewardMean)
    rewardWeighted = mean(\.rewardWeighted)
    let selected = mean(\.rewardSelected)
    rewardSelected = Selected(
      mean: selected.mean, se: selected.se, by: results.contains { $0.selection != nil } ? "critic" : "chance")
    solvedBest = maximalReward.map { most in mean { $0.rewardBest >= most - 1e-9 ? 1 : 0 } }
    softValue = mean(\.softValue)
    policyCalls = outcome.calls
    storedCalls = outcome.storedCalls
    criticCalls = total(\.criticCalls)
    inputTokens = outcome.usage.inputTokens
    cachedInputTokens = outcome.usage.cachedInputTokens
    cacheWriteTokens = outcome.usage.cacheWriteTokens
    savedInputTokens = outcome.usage.savedInputTokens
    outputTokens = outcome.usage.outputTokens
    reasoningTokens = outcome.usage.reasoningTokens
    cost = pricing.cost(of: outcome.usage)
    wallSeconds = outcome.wallSeconds
    criticalPathSeconds = results.reduce(0) { $0 + $1.criticalPathSeconds }
    resamplings = total(\.genealogy.resamplings)
    forks = total(\.genealogy.forks)
    replayMismatches = total(\.replayMismatches)
    failedParticles = total(\.failedParticles)
    searchesStopped = results.count { $0.isStoppedSearch }
    stopped = outcome.stopped?.message
    perTask = results.map {
      TaskRow(
        task: $0.task.id, rewardBest: $0.rewardBest, rewardMean: $0.rewardMean, rewardWeighted: $0.rewardWeighted,
        rewardSelected: $0.rewardSelected, softValue: $0.softValue, policyCalls: $0.calls,
        inputTokens: $0.usage.inputTokens, cachedInputTokens: $0.usage.cachedInputTokens,
        outputTokens: $0.usage.outputTokens, reasoningTokens: $0.usage.reasoningTokens,
        cost: pricing.cost(of: $0.usage))
    }
  }
}
