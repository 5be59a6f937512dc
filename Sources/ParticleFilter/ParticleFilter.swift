/// What a critic expects still to come from each particle's state: V_β, in reward units, 0 where the episode ended.
/// Guidance changes how well the filter does with few particles, never what it converges to.
///
/// A value that is missing is nil: its particle keeps its share of the weight.
public struct Guidance: Sendable, Hashable {
  /// The largest magnitude of a value that rewards of about 1 can still be added to: a double has seven decimals left there.
  public static let largest = 1e9

  public let softValues: [Double?]

  /// - Parameter softValues: what is not finite, or larger than ``largest``, is taken as missing.
  public init(softValues: [Double?]) {
    self.softValues =
      softValues.allSatisfy(Self.isUsable) ? softValues : softValues.map { Self.isUsable($0) ? $0 : nil }
  }

  // Written so that NaN is not.
  static func isUsable(_ value: Double?) -> Bool { value.map { abs($0) <= largest } ?? true }
}

/// What each particle was paid since the last checkpoint: the target, in reward units. −∞ for a particle that failed.
public struct Payment: Sendable, Hashable {
  public let rewards: [Double]

  public init(rewards: [Double]) { self.rewards = rewards }
}

/// Twisted Sequential Monte Carlo over trajectories, with nothing but the arithmetic: it calls no model, sleeps never, and
/// what talks to the world drives it.
///
/// From one checkpoint a to the next b, log w += (ΔR(a→b) + V(s_b) − V(s_a)) / β. Weights accumulate until a resampling
/// and only then return to equal. After the last step V = 0, so that log w telescopes to R/β whatever the critic said.
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
  public let schedule: Schedule
  public let resampler: Resampler
  /// V(s₀), the first base of the evidence, in reward units.
  public let initialValue: Double

  public private(set) var logWeights: LogWeights
  /// V of each particle at the last checkpoint.
  private var values: [Double]
  /// log Ẑ up to the last resampling.
  private var settledEvidence = 0.0
  public private(set) var genealogy: Genealogy

  /// - Parameter initialValue: one that no ``Guidance`` would take counts as 0, which is as good a base as any other.
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

  /// Takes in what the particles were paid and what the critic expects of them, and resamples where the schedule says so.
  ///
  /// - Parameter step: how many steps the particles have taken; those that ended earlier wait with a payment of 0.
  /// - Returns: the record of this checkpoint. Where its `ancestors` are not nil, the particle at place i is now a copy of
  ///   the one that was at `ancestors[i]`.
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

  /// Takes in the last payments. The particles keep their remaining weight.
  public mutating func finish(paid: Payment) {
    accumulate(paid, to: Array(repeating: 0, count: count))
  }

  /// log Ẑ: the log-mean-weights of every resampling and of now. Its exponential is unbiased after ``finish(paid:)``.
  public var logEvidence: Double { settledEvidence + logWeights.logMean }

  /// V(s₀) + β·log Ẑ, the estimate of the true soft value of the start, in reward units.
  public var softValue: Double { initialValue + temperature * logEvidence }

  private mutating func accumulate(_ paid: Payment, to next: [Double?]) {
    precondition(paid.rewards.count == count && next.count == count, "one number per particle")
    let known = (0..<count).map { place in
      // What a critic expected everywhere is subtracted from what it expects now before rewards, which may be small, are added.
      next[place].map { (paid.rewards[place] + ($0 - values[place])) / temperature }
    }
    let neutral = known.contains(nil) ? neutralIncrement(known) : 0
    // Of a failed particle nothing is missing.
    let increments = (0..<count).map { known[$0] ?? (paid.rewards[$0] == -.infinity ? -.infinity : neutral) }
    values = (0..<count).map { place in
      // What the missing value would have been, so that the next one is compared with that.
      next[place]
        ?? (increments[place].isFinite ? values[place] + temperature * neutral - paid.rewards[place] : values[place])
    }
    logWeights = logWeights.adding(increments)
  }

  /// The increment that leaves a particle its share of the weight, given those of the others; 0 where there are none.
  private func neutralIncrement(_ known: [Double?]) -> Double {
    let places = known.indices.filter { known[$0] != nil }
    let before = LogWeights(places.map { logWeights.values[$0] }).logMean
    let after = LogWeights(places.map { logWeights.values[$0] + (known[$0] ?? 0) }).logMean
    return before.isFinite && after.isFinite ? after - before : 0
  }
}
