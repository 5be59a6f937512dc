import Agents
import Foundation
import Steering

/// Methods with their settings on the same tasks: the JSON of `cox compare`.
public struct Comparison: Sendable, Codable {
  /// One for each method with its settings.
  public let methods: [MethodSummary]
  /// Paired over tasks: every variant minus the best-of of its N, and every steered one minus the single attempt.
  public let differences: [Difference]
  /// What the whole command took, a judge's answers included, every answer counted once: methods share answers. Absent where nobody counted.
  public let total: Total?
  /// Which curve was asked for, and its points; absent where none was.
  public let study: Study?
  public let points: [Point]?

  /// Which world and which policy it is of; absent where nobody said.
  public var environment: WorldIdentity?
  public var policy: String?
  /// What a plan said of the variants, where there is one; see ``predictions(of:)``.
  public var predictions: [Prediction]?

  /// The gain over best-of-N that a plan foresaw, and the one that came: the best reward, paired over tasks.
  public struct Prediction: Sendable, Codable {
    public let particles: Int
    public let temperature: Double
    public let resample: String
    public let predicted: MeanEstimate
    public let realised: MeanEstimate
    /// The realised gain's.
    public let tasks: Int
  }

  /// The variants that a plan had tried, with what it predicted of them.
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

  public struct Total: Sendable, Codable {
    public let policyCalls: Int
    public let inputTokens: Int
    public let cachedInputTokens: Int
    public let cacheWriteTokens: Int
    public let savedInputTokens: Int
    public let outputTokens: Int
    public let reasoningTokens: Int
    /// As in ``MethodSummary/estimatedTokens``.
    public let estimatedTokens: Int?
    public let cost: Double

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

  /// A variant minus another. A task's difference is its mean over the seeds that both ran to their end.
  public struct Difference: Sendable, Codable {
    public let method: String
    public let particles: Int
    public let temperature: Double
    public let resample: String
    public let keep: Int?
    /// As in ``MethodSummary/policy``.
    public let policy: String?
    /// The other's method.
    public let against: String
    public let againstParticles: Int
    public let againstPolicy: String?
    public let tasks: Int
    public let seeds: [UInt64]
    public let rewardBest: MeanEstimate
    public let rewardMean: MeanEstimate
    /// Independent attempts are weighed at the variant's β. A beam samples no posterior: its plain mean stands here.
    public let rewardWeighted: MeanEstimate
    public let solvedBest: MeanEstimate?
    /// Of each, the 95 % interval of ``MeanEstimate/interval``; absent with fewer than two tasks.
    public let interval: Intervals?
  }

  public struct Intervals: Sendable, Codable {
    public let rewardBest: MeanEstimate.Interval
    public let rewardMean: MeanEstimate.Interval
    public let rewardWeighted: MeanEstimate.Interval
    public let solvedBest: MeanEstimate.Interval?
  }

  public enum Study: String, Sendable, Codable, CaseIterable {
    /// Reward against N.
    case scaling
    /// Reward against money.
    case cost
  }

  /// One point of a curve: the best reward of one variant.
  public struct Point: Sendable, Hashable, Codable {
    /// Which curve it is on.
    public let label: String
    /// N for ``Study/scaling``, money per task for ``Study/cost``.
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

  /// Reads what `cox compare --json` writes, numbers that are none included.
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
  ///   - summaries: one for each variant and seed, those of a variant in the order of their seeds. Independent attempts may
  ///     be there at several β: they are listed once, and each variant is compared with those at its own.
  ///   - maximalReward: what counts as solved, or nil.
  ///   - study: which curve to give the points of.
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
