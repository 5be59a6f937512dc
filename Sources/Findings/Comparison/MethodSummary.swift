import Agents
import Steering

/// One method with its settings over many tasks: the JSON of `cox steer`, and one element of that of `cox compare`.
///
/// Over several seeds, a reward is the mean over tasks of the task's mean over seeds, and whatever is counted (calls, tokens,
/// money, seconds, resamplings) is the sum.
public struct MethodSummary: Sendable, Codable {
  /// A mean reward and who chose.
  public struct Selected: Sendable {
    public let estimate: MeanEstimate
    /// `critic`, or `chance` where none was asked.
    public let by: String

    public var mean: Double { estimate.mean }
    public var se: Double { estimate.se }
  }

  /// One task; over several seeds, means of rewards and sums of what is counted. Rewards are absent where every attempt failed.
  public struct TaskRow: Sendable, Codable {
    public let task: TaskID
    public let rewardBest: Double?
    public let rewardMean: Double?
    public let rewardWeighted: Double?
    public let rewardSelected: Double?
    public let softValue: Double?
    public let policyCalls: Int
    public let inputTokens: Int
    public let cachedInputTokens: Int
    public let outputTokens: Int
    public let reasoningTokens: Int
    public let cost: Double
  }

  public let method: String
  /// Those included of which every attempt failed; see ``tasksWithReward``.
  public internal(set) var tasks: Int
  public let particles: Int
  public let temperature: Double
  public let resample: String
  /// How many particles each checkpoint of a beam keeps; absent for other methods.
  public let keep: Int?
  /// Whose attempts they are, where a comparison has those of several policies.
  public let policy: String?
  /// The seeds that the figures are of.
  public internal(set) var seeds: [UInt64]
  /// The best particle by true reward.
  public internal(set) var rewardBest: MeanEstimate
  /// The plain mean over particles.
  public internal(set) var rewardMean: MeanEstimate
  /// The mean under the final weights.
  public internal(set) var rewardWeighted: MeanEstimate
  /// What a user without a verifier would get.
  public internal(set) var rewardSelected: Selected
  /// Share of tasks whose best particle has the maximal reward; absent where the world names none.
  public internal(set) var solvedBest: MeanEstimate?
  /// V(s₀) + β·log Ẑ.
  public internal(set) var softValue: MeanEstimate
  public internal(set) var policyCalls: Int
  /// Of these, how many were read from the store, so that `wallSeconds` leaves them out.
  public internal(set) var storedCalls: Int
  public internal(set) var criticCalls: Int
  public internal(set) var inputTokens: Int
  public internal(set) var cachedInputTokens: Int
  /// Of the input, what the provider charged for putting into its cache.
  public internal(set) var cacheWriteTokens: Int
  /// Input that asking identical prompts once has saved; not part of `inputTokens`.
  public internal(set) var savedInputTokens: Int
  public internal(set) var outputTokens: Int
  /// Of the output, what reasoning models thought.
  public internal(set) var reasoningTokens: Int
  /// Of input and output together, what no server reported: estimated from the text, and so is the cost of it. Absent where
  /// everything was reported.
  public internal(set) var estimatedTokens: Int?
  /// Answers that ended because they may be no longer, and were acted on all the same; absent where there are none.
  public internal(set) var cutOffAnswers: Int?
  /// The critic's included.
  public internal(set) var cost: Double
  /// What a critic that is paid for took of it; absent where none was.
  public internal(set) var criticCost: Double?
  public internal(set) var wallSeconds: Double
  public internal(set) var criticalPathSeconds: Double
  public internal(set) var resamplings: Int
  public internal(set) var forks: Int
  public internal(set) var replayMismatches: Int
  public internal(set) var failedParticles: Int
  /// Attempts that failed, which no mean includes.
  public internal(set) var failedAttempts: FailedAttempts
  /// Searches that ended at the maximal reward with particles unfinished, which the means then count at what they had.
  public internal(set) var searchesStopped: Int
  /// Why the run ended early, or absent.
  public internal(set) var stopped: String?
  public internal(set) var perTask: [TaskRow]

  /// The tasks that rewards are means over.
  public var tasksWithReward: Int { tasks - failedAttempts.tasks }

  /// What one campaign gave.
  ///
  /// - Parameter policy: named only where a comparison has several.
  public init(
    _ outcome: Campaign.Outcome, settings: SteeringSettings, pricing: Pricing, maximalReward: Double?,
    policy: String? = nil
  ) {
    let results = outcome.results
    let settings = settings.effective
    func mean(_ value: (PopulationResult) -> Double?) -> MeanEstimate { MeanEstimate(present: results.map(value)) }
    func total(_ value: (PopulationResult) -> Int) -> Int { results.reduce(0) { $0 + value($1) } }
    method = settings.method.rawValue
    tasks = results.count
    particles = settings.particles
    temperature = settings.temperature
    resample = settings.schedule.description
    keep = settings.keep
    self.policy = policy
    seeds = [settings.seed]
    rewardBest = mean(\.rewardBest)
    rewardMean = mean(\.rewardMean)
    rewardWeighted = mean(\.rewardWeighted)
    rewardSelected = Selected(
      estimate: mean(\.rewardSelected), by: results.contains { $0.selection != nil } ? "critic" : "chance")
    solvedBest = maximalReward.map { most in mean { $0.rewardBest.map { $0 >= most - 1e-9 ? 1 : 0 } } }
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
    estimatedTokens = outcome.usage.estimatedTokens > 0 ? outcome.usage.estimatedTokens : nil
    cutOffAnswers = outcome.usage.cutOffAnswers > 0 ? outcome.usage.cutOffAnswers : nil
    cost = pricing.cost(of: outcome.usage) + outcome.criticCost
    criticCost = outcome.criticCost > 0 ? outcome.criticCost : nil
    wallSeconds = outcome.wallSeconds
    criticalPathSeconds = results.reduce(0) { $0 + $1.criticalPathSeconds }
    resamplings = total(\.genealogy.resamplings)
    forks = total(\.genealogy.forks)
    replayMismatches = total(\.replayMismatches)
    failedParticles = total(\.failedParticles)
    failedAttempts = outcome.failedAttempts
    searchesStopped = results.count { $0.isStoppedSearch }
    stopped = outcome.stopped?.message
    perTask = results.map {
      TaskRow(
        task: $0.task.id, rewardBest: $0.rewardBest, rewardMean: $0.rewardMean, rewardWeighted: $0.rewardWeighted,
        rewardSelected: $0.rewardSelected, softValue: $0.softValue, policyCalls: $0.calls,
        inputTokens: $0.usage.inputTokens, cachedInputTokens: $0.usage.cachedInputTokens,
        outputTokens: $0.usage.outputTokens, reasoningTokens: $0.usage.reasoningTokens,
        cost: pricing.cost(of: $0.usage) + outcome.criticCost / Double(max(results.count, 1)))
    }
  }
}

extension MethodSummary.Selected: Codable {
  private enum CodingKeys: CodingKey { case by }

  /// The estimate's keys beside `by`.
  public init(from decoder: any Decoder) throws {
    estimate = try MeanEstimate(from: decoder)
    by = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .by)
  }

  public func encode(to encoder: any Encoder) throws {
    try estimate.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(by, forKey: .by)
  }
}
