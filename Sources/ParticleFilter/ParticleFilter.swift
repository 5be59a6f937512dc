/// The critic's soft value of each particle's state: V_β in reward units, 0 for a finished episode. Guidance changes
/// the efficiency with few particles, never the limit with many.
///
/// If a value is nil, the particle keeps its share of the weight.
public struct Guidance: Sendable, Hashable {
  /// The largest usable magnitude of a value. At 1e9 a `Double` still resolves seven decimals, so that rewards of about
  /// 1 can be added.
  public static let largest = 1e9

  /// One value for each particle, by place; nil where it is missing.
  public let softValues: [Double?]

  /// - Parameter softValues: values that are not finite or exceed ``largest`` become nil.
  public init(softValues: [Double?]) {
    self.softValues =
      softValues.allSatisfy(Self.isUsable) ? softValues : softValues.map { Self.isUsable($0) ? $0 : nil }
  }

  // `<=` is false for NaN, so NaN is not usable.
  static func isUsable(_ value: Double?) -> Bool { value.map { abs($0) <= largest } ?? true }
}

/// The reward ΔR of each particle since the last checkpoint, in reward units: the target. −∞ for a failed particle.
public struct Payment: Sendable, Hashable {
  /// One reward for each particle, by place.
  public let rewards: [Double]

  /// - Parameter rewards: finite, or −∞ for a failed particle.
  public init(rewards: [Double]) { self.rewards = rewards }
}

/// Twisted Sequential Monte Carlo over trajectories. Pure arithmetic: no model, no clock; the code that talks to the
/// world drives it.
///
/// From one checkpoint a to the next b, log w += (ΔR(a→b) + V(s_b) − V(s_a)) / β. Weights accumulate until a
/// resampling, which makes them equal again. After the last step V = 0, so that log w telescopes to R/β whatever the
/// critic said.
///
/// ```swift
/// var filter = ParticleFilter(count: 15, temperature: 0.1, schedule: .steps([4, 8]), initialValue: 0.5)
/// let checkpoint = filter.weigh(step: 4, paid: Payment(rewards: rewards), guidance: guidance, using: &generator)
/// if let ancestors = checkpoint.ancestors { /* continue ancestors[i] at place i */ }
/// filter.finish(paid: Payment(rewards: lastRewards))
/// filter.weights                // the posterior, once it has finished
/// filter.softValue              // V(s₀) + β·log Ẑ
/// ```
public struct ParticleFilter: Sendable {
  public let count: Int
  /// β, in reward units.
  public let temperature: Double
  /// The steps at which particles are weighed, and when they are then resampled.
  public let schedule: Schedule
  /// The algorithm that draws the number of copies of each particle.
  public let resampler: Resampler
  /// V(s₀), the first base of the evidence, in reward units.
  public let initialValue: Double

  /// The weights accumulated since the last resampling, not normalised; −∞ for a failed particle.
  public private(set) var logWeights: LogWeights
  /// V of each particle at the last checkpoint.
  private var values: [Double]
  /// log Ẑ up to the last resampling.
  private var settledEvidence = 0.0
  /// Every checkpoint so far, with its ancestors.
  public private(set) var genealogy: Genealogy

  /// - Parameter initialValue: V(s₀) in reward units; a value that ``Guidance`` would reject counts as 0.
  /// - Precondition: at least one particle, and a positive temperature.
  public init(
    count: Int, temperature: Double, schedule: Schedule, resampler: Resampler = .systematic, initialValue: Double
  ) {
    precondition(count >= 1 && temperature > 0)
    self.count = count
    self.temperature = temperature
    self.schedule = schedule
    self.resampler = resampler
    let initialValue = Guidance.isUsable(initialValue) ? initialValue : 0
    self.initialValue = initialValue
    logWeights = LogWeights(equal: count)
    values = Array(repeating: initialValue, count: count)
    genealogy = Genealogy(count: count)
  }

  /// Adds the payments and the change of the soft values to the log-weights, and resamples if the schedule says so.
  ///
  /// - Parameter step: the number of steps taken; particles that ended earlier have the payment 0.
  /// - Returns: the record of this checkpoint. If `ancestors` is not nil, the particle at place i is now a copy of the
  ///   one that was at `ancestors[i]`.
  @discardableResult
  public mutating func weigh(
    step: Int, paid: Payment, guidance: Guidance, using generator: inout some RandomNumberGenerator
  ) -> Checkpoint {
    accumulate(paid, to: guidance.softValues)
    let softValues = values
    var ancestors: [Int]?
    let weighed = logWeights
    if schedule.resamples(weighed) {
      let drawn = Resampler.ancestors(from: resampler.counts(for: weighed.normalised, using: &generator))
      settledEvidence += weighed.logMean
      logWeights = LogWeights(equal: count)
      values = drawn.map { values[$0] }
      ancestors = drawn
    }
    let checkpoint = Checkpoint(
      step: step, logWeights: weighed, softValues: softValues, ancestors: ancestors, logEvidence: logEvidence)
    genealogy.append(checkpoint)
    return checkpoint
  }

  /// Adds the last payments, with V = 0. The particles keep their remaining weight.
  public mutating func finish(paid: Payment) {
    accumulate(paid, to: Array(repeating: 0, count: count))
  }

  /// log Ẑ: the sum of the log-mean-weights at every resampling and now. Its exponential is unbiased after
  /// ``finish(paid:)``.
  public var logEvidence: Double { settledEvidence + logWeights.logMean }

  /// V(s₀) + β·log Ẑ, the estimate of the true soft value of the start, in reward units.
  public var softValue: Double { initialValue + temperature * logEvidence }

  private mutating func accumulate(_ paid: Payment, to next: [Double?]) {
    precondition(paid.rewards.count == count && next.count == count, "one number per particle")
    let known = (0..<count).map { place in
      // The difference of values is taken first. Adding a small reward to a large value would lose the reward to
      // rounding.
      next[place].map { (paid.rewards[place] + ($0 - values[place])) / temperature }
    }
    let neutral = known.contains(nil) ? neutralIncrement(known) : 0
    // A failed particle has the increment −∞ even if its value is missing.
    let increments = (0..<count).map { known[$0] ?? (paid.rewards[$0] == -.infinity ? -.infinity : neutral) }
    values = (0..<count).map { place in
      // The value implied by the neutral increment. The next value is compared with it.
      next[place]
        ?? (increments[place].isFinite ? values[place] + temperature * neutral - paid.rewards[place] : values[place])
    }
    logWeights = logWeights.adding(increments)
  }

  /// The increment that keeps a particle's share of the weight, given the increments of the others; 0 if there are
  /// none.
  private func neutralIncrement(_ known: [Double?]) -> Double {
    let places = known.indices.filter { known[$0] != nil }
    let before = LogWeights(places.map { logWeights.values[$0] }).logMean
    let after = LogWeights(places.map { logWeights.values[$0] + (known[$0] ?? 0) }).logMean
    return before.isFinite && after.isFinite ? after - before : 0
  }
}
