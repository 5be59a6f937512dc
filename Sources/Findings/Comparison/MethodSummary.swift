import Agents
import Steering

/// One method with its settings over many tasks: the JSON of `cox steer`, and one element of that of `cox compare`.
///
/// Over several seeds, a reward is the mean over tasks of each task's mean over seeds; counts (calls, tokens, money,
/// seconds, resamplings) are sums.
public struct MethodSummary: Sendable, Codable {
  /// The mean reward of the trajectory that a user without a verifier gets.
  public struct Selected: Sendable {
    /// The mean over tasks, in reward units.
    public let estimate: MeanEstimate
    /// Who selected: `critic`, or `chance` if no critic was asked.
    public let by: String

    /// The mean of ``estimate``.
    public var mean: Double { estimate.mean }
    /// The standard error of ``estimate``.
    public var se: Double { estimate.se }
  }

  /// One task. Over several seeds, rewards are means and counts are sums. Rewards are nil if every attempt failed.
  public struct TaskRow: Sendable {
    /// The task that the row is of.
    public let task: TaskID
    /// The best reward by the verifier, in reward units.
    public let rewardBest: Double?
    /// The plain mean over the particles that did not fail.
    public let rewardMean: Double?
    /// The posterior mean: over the particles under their final weights.
    public let rewardWeighted: Double?
    /// The reward of the trajectory selected without a verifier.
    public let rewardSelected: Double?
    /// V(s₀) + β·log Ẑ, in reward units.
    public let softValue: Double?
    /// Answers of the policy, stored ones included.
    public let policyCalls: Int
    /// Input tokens of the policy, cached ones included.
    public let inputTokens: Int
    /// Input that the provider read from its cache.
    public let cachedInputTokens: Int
    /// Output tokens of the policy, reasoning included.
    public let outputTokens: Int
    /// Output that was reasoning.
    public let reasoningTokens: Int
    /// Money for the task; the critic's cost is shared out evenly over tasks.
    public let cost: Double
    /// The answer of the chosen trajectory, of the first seed if there are several; nil if answers were not asked for.
    public internal(set) var chosen: ChosenAnswer?
  }

  /// The method's name, as `steering.method` has it.
  public let method: String
  /// The number of tasks, those with failed attempts only included; see ``tasksWithReward``.
  public internal(set) var tasks: Int
  /// N.
  public let particles: Int
  /// β, in reward units.
  public let temperature: Double
  /// The schedule as the command line takes it, such as `steps:2,4`.
  public let resample: String
  /// How many particles each checkpoint of a beam keeps; nil for other methods.
  public let keep: Int?
  /// Model calls for a task on average that a budget for all tasks allowed; nil without a budget.
  public let budget: Int?
  /// The policy's name, if a comparison has several policies.
  public let policy: String?
  /// The seeds that the figures are means or sums over.
  public internal(set) var seeds: [UInt64]
  /// The best reward by the verifier.
  public internal(set) var rewardBest: MeanEstimate
  /// The plain mean over particles.
  public internal(set) var rewardMean: MeanEstimate
  /// The posterior mean: over particles under their final weights.
  public internal(set) var rewardWeighted: MeanEstimate
  /// The reward of the trajectory selected without a verifier.
  public internal(set) var rewardSelected: Selected
  /// The share of tasks whose best trajectory has the maximal reward; nil if the world states none.
  public internal(set) var solvedBest: MeanEstimate?
  /// V(s₀) + β·log Ẑ, in reward units.
  public internal(set) var softValue: MeanEstimate
  /// Answers of the policy, stored ones included.
  public internal(set) var policyCalls: Int
  /// Answers read from the store. Their time is not in ``wallSeconds``.
  public internal(set) var storedCalls: Int
  /// States that the critic was asked about.
  public internal(set) var criticCalls: Int
  /// Input tokens, cached ones included.
  public internal(set) var inputTokens: Int
  /// Input that the provider read from its cache.
  public internal(set) var cachedInputTokens: Int
  /// Input that the provider charged for writing to its cache.
  public internal(set) var cacheWriteTokens: Int
  /// Input saved by sending identical prompts once; not included in ``inputTokens``.
  public internal(set) var savedInputTokens: Int
  /// Output tokens, reasoning included.
  public internal(set) var outputTokens: Int
  /// Output that was reasoning.
  public internal(set) var reasoningTokens: Int
  /// Input and output that no server reported, estimated from the texts, as is their cost. Nil if everything was
  /// reported.
  public internal(set) var estimatedTokens: Int?
  /// Answers cut off at the maximal length, which were acted on all the same; nil if there are none.
  public internal(set) var cutOffAnswers: Int?
  /// Money, the critic's included.
  public internal(set) var cost: Double
  /// The critic's part of the cost; nil if the critic is free.
  public internal(set) var criticCost: Double?
  /// Wall-clock seconds of the campaign.
  public internal(set) var wallSeconds: Double
  /// Σ over segments of the slowest particle, in seconds: a lower bound of the wall-clock time.
  public internal(set) var criticalPathSeconds: Double
  /// Checkpoints at which a population was resampled.
  public internal(set) var resamplings: Int
  /// Copies of particles made at resamplings.
  public internal(set) var forks: Int
  /// Replayed steps whose text differed from the recorded one.
  public internal(set) var replayMismatches: Int
  /// Particles that failed, those replaced by a clone included.
  public internal(set) var failedParticles: Int
  /// Failed attempts by reason; no mean includes them.
  public internal(set) var failedAttempts: FailedAttempts
  /// Searches that ended at the maximal reward with particles unfinished; the means count those at their reward so far.
  public internal(set) var searchesStopped: Int
  /// Why the run ended early; nil if it did not.
  public internal(set) var stopped: String?
  /// One row for each task, in the order of the tasks.
  public internal(set) var perTask: [TaskRow]

  /// The number of tasks with a reward, which the means are over.
  public var tasksWithReward: Int { tasks - failedAttempts.tasks }

  /// The summary of one campaign.
  ///
  /// - Parameters:
  ///   - maximalReward: the reward that counts as solved; nil leaves out ``solvedBest``.
  ///   - policy: a name, if a comparison has several policies.
  ///   - answer: the answer of a task's result; by default tasks have no ``TaskRow/chosen``.
  public init(
    _ outcome: Campaign.Outcome, settings: SteeringSettings, pricing: Pricing, maximalReward: Double?,
    policy: String? = nil, answer: (PopulationResult) -> ChosenAnswer? = { _ in nil }
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
    budget = settings.search.calls
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
        cost: pricing.cost(of: $0.usage) + outcome.criticCost / Double(max(results.count, 1)), chosen: answer($0))
    }
  }
}

extension MethodSummary.Selected: Codable {
  private enum CodingKeys: CodingKey { case by }

  /// Reads the keys of the estimate from the same object as `by`.
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
