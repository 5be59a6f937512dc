import Agents
import Foundation
import Steering

/// Several methods with their settings on the same tasks: the JSON of `cox compare`.
public struct Comparison: Sendable, Codable {
  /// One summary for each method with its settings.
  public let methods: [MethodSummary]
  /// Paired over tasks: every variant minus best-of of the same N, and every steered one minus the single attempt.
  public let differences: [Difference]
  /// What the whole command took, a judge's answers included. Answers shared by methods count once. Nil if it was not
  /// counted.
  public let total: Total?
  /// The curve that was asked for; nil for a plain comparison.
  public let study: Study?
  /// The points of the curve; nil without ``study``.
  public let points: [Point]?

  /// The world's identity; nil in files of earlier versions.
  public var environment: WorldIdentity?
  /// The policy's identity; nil in files of earlier versions.
  public var policy: String?
  /// A plan's predictions for the variants, if there is a plan; see ``predictions(of:)``.
  public var predictions: [Prediction]?

  /// The gain over best-of-N that a plan predicted, and the measured one: the best reward, paired over tasks.
  public struct Prediction: Sendable, Codable {
    /// N.
    public let particles: Int
    /// β, in reward units.
    public let temperature: Double
    /// The schedule as the command line takes it.
    public let resample: String
    /// The plan's ``Plan/Row/gainBest``, in reward units.
    public let predicted: MeanEstimate
    /// The measured gain, in reward units.
    public let realised: MeanEstimate
    /// The number of tasks that the measured gain is over.
    public let tasks: Int
  }

  /// The predictions for those variants that the plan simulated.
  public func predictions(of plan: Plan) -> [Prediction] {
    differences.compactMap { difference in
      guard difference.method == Method.amc.rawValue, difference.against == Method.bestOf.rawValue,
        difference.againstParticles == difference.particles, difference.policy == nil,
        let row = plan.row(
          particles: difference.particles, temperature: difference.temperature, resample: difference.resample)
      else { return nil }
      return Prediction(
        particles: row.particles, temperature: row.temperature, resample: row.resample, predicted: row.gainBest,
        realised: difference.rewardBest, tasks: difference.tasks)
    }
  }

  /// Calls, tokens and money of a whole comparison, each answer counted once.
  public struct Total: Sendable, Codable {
    /// Answers of the policy.
    public let policyCalls: Int
    /// Input tokens, cached ones included.
    public let inputTokens: Int
    /// Input that the provider read from its cache.
    public let cachedInputTokens: Int
    /// Input that the provider charged for writing to its cache.
    public let cacheWriteTokens: Int
    /// Input saved by sending identical prompts once; not included in ``inputTokens``.
    public let savedInputTokens: Int
    /// Output tokens, reasoning included.
    public let outputTokens: Int
    /// Output that was reasoning.
    public let reasoningTokens: Int
    /// As in ``MethodSummary/estimatedTokens``.
    public let estimatedTokens: Int?
    /// Money, in the currency of the pricing.
    public let cost: Double

    /// The totals of a budget after the comparison.
    public init(_ spent: Spending) {
      policyCalls = spent.calls
      inputTokens = spent.usage.inputTokens
      cachedInputTokens = spent.usage.cachedInputTokens
      cacheWriteTokens = spent.usage.cacheWriteTokens
      savedInputTokens = spent.usage.savedInputTokens
      outputTokens = spent.usage.outputTokens
      reasoningTokens = spent.usage.reasoningTokens
      estimatedTokens = spent.usage.estimatedTokens > 0 ? spent.usage.estimatedTokens : nil
      cost = spent.cost
    }
  }

  /// A variant minus another, paired over tasks. A task's difference is its mean over the seeds that both completed.
  public struct Difference: Sendable, Codable {
    /// The variant's method.
    public let method: String
    /// The variant's N.
    public let particles: Int
    /// The variant's β, in reward units.
    public let temperature: Double
    /// The variant's schedule as the command line takes it.
    public let resample: String
    /// How many particles each checkpoint of the variant's beam keeps; nil for other methods.
    public let keep: Int?
    /// As in ``MethodSummary/budget``.
    public let budget: Int?
    /// As in ``MethodSummary/policy``.
    public let policy: String?
    /// The method that is subtracted.
    public let against: String
    /// The N of ``against``.
    public let againstParticles: Int
    /// The policy of ``against``, if the comparison has several.
    public let againstPolicy: String?
    /// The number of tasks that both have a reward of.
    public let tasks: Int
    /// The seeds that both completed.
    public let seeds: [UInt64]
    /// The difference of the best reward, in reward units.
    public let rewardBest: MeanEstimate
    /// The difference of the plain mean over particles.
    public let rewardMean: MeanEstimate
    /// The difference of the posterior mean. Independent attempts are weighted at the variant's β. A beam samples no
    /// posterior; its plain mean is used.
    public let rewardWeighted: MeanEstimate
    /// The difference of the share of solved tasks; nil if the world states no maximal reward.
    public let solvedBest: MeanEstimate?
    /// The 95 % interval of each difference (``MeanEstimate/interval``); nil with fewer than two tasks.
    public let interval: Intervals?
  }

  /// The 95 % confidence intervals of a ``Difference``, in reward units.
  public struct Intervals: Sendable, Codable {
    /// Of ``Difference/rewardBest``.
    public let rewardBest: MeanEstimate.Interval
    /// Of ``Difference/rewardMean``.
    public let rewardMean: MeanEstimate.Interval
    /// Of ``Difference/rewardWeighted``.
    public let rewardWeighted: MeanEstimate.Interval
    /// Of ``Difference/solvedBest``; nil if that is.
    public let solvedBest: MeanEstimate.Interval?
  }

  /// Curves that a comparison can be reduced to.
  public enum Study: String, Sendable, Codable, CaseIterable {
    /// Reward against N.
    case scaling
    /// Reward against money.
    case cost
    /// Reward against model calls.
    case calls
  }

  /// One point of a curve: the best reward of one variant.
  public struct Point: Sendable, Hashable, Codable {
    /// Which curve it is on.
    public let label: String
    /// N for ``Study/scaling``, money per task for ``Study/cost``, calls per task for ``Study/calls``.
    public let x: Double
    /// The best reward, over tasks.
    public let estimate: MeanEstimate
    /// N.
    public let particles: Int
    /// Model calls for one task at one seed.
    public let callsPerTask: Double
    /// Money for one task at one seed.
    public let costPerTask: Double
  }

  /// Reads the JSON of `cox compare --json`, in which NaN and ±∞ are the strings `nan`, `inf` and `-inf`.
  public init(json data: Data) throws(SteeringError) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      self = try decoder.decode(Comparison.self, from: data)
    } catch {
      throw SteeringError(.badSettings, "This is not the JSON of a comparison: \(error)")
    }
  }

  /// - Parameters:
  ///   - summaries: one for each variant and seed, those of a variant in the order of their seeds. Independent attempts
  ///     may occur at several β. They are listed once, and each variant is compared with those at its own β.
  ///   - maximalReward: the reward that counts as solved, or nil.
  ///   - study: the curve whose points are computed; nil for none.
  public init(
    _ summaries: [MethodSummary], maximalReward: Double?, total: Spending? = nil, study: Study? = nil
  ) {
    let variants = Self.grouped(summaries)
    let listed = Self.listed(variants)
    let methods = listed.map { MethodSummary(averaging: $0, maximalReward: maximalReward) }
    self.methods = methods
    differences = listed.flatMap { variant in
      Self.baselines(of: variant, among: variants).map { Difference(variant, $0, maximalReward: maximalReward) }
    }
    self.total = total.map(Total.init)
    self.study = study
    points = study.map { Self.points($0, of: methods) }
  }
}
