/// Beam search over trajectories: each checkpoint keeps the `keep` best particles by reward so far + V, each in N /
/// keep copies. It is the particle filter with its weights replaced by a cut: it searches for one good trajectory and
/// samples no posterior.
///
/// The weights of the particles that have not failed stay equal, and the soft value is V(s₀), which is no evidence.
///
/// Selection takes place at every checkpoint of the schedule. Of the schedule `ess` only the interval between
/// checkpoints applies, since equal weights never fall below a threshold.
///
/// ```swift
/// var beam = BeamSearch(count: 8, keep: 2, schedule: .steps([2, 4]), initialValue: 0.5)
/// let checkpoint = beam.weigh(step: 2, paid: Payment(rewards: rewards), guidance: guidance, using: &generator)
/// ```
public struct BeamSearch: PopulationFilter, Sendable {
  public let count: Int
  /// k, the number of particles that survive a checkpoint.
  public let keep: Int
  /// The steps at which particles are selected.
  public let schedule: Schedule
  public let initialValue: Double
  /// Every checkpoint so far, with its ancestors.
  public private(set) var genealogy: Genealogy
  /// The reward of each particle since the start; −∞ if it failed.
  private var rewards: [Double]
  /// V of each particle at the last checkpoint.
  private var values: [Double]

  /// - Precondition: at least one particle, and at least one that is kept.
  public init(count: Int, keep: Int, schedule: Schedule, initialValue: Double) {
    precondition(count >= 1 && keep >= 1)
    self.count = count
    self.keep = keep
    self.schedule = schedule
    self.initialValue = initialValue
    genealogy = Genealogy(count: count)
    rewards = Array(repeating: 0, count: count)
    values = Array(repeating: initialValue, count: count)
  }

  /// The default k, a quarter of N and at least 1, so that each survivor has four continuations (the beam width of four
  /// of Snell et al. 2024, arXiv 2408.03314).
  public static func standardKeep(of count: Int) -> Int { max(1, count / 4) }

  /// Equal, except −∞ for failed particles.
  public var logWeights: LogWeights { LogWeights(rewards.map { $0 == -.infinity ? -.infinity : 0 }) }
  /// V(s₀), since a beam has no evidence.
  public var softValue: Double { initialValue }

  /// Uses no randomness: the same values always keep the same particles.
  @discardableResult
  public mutating func weigh(
    step: Int, paid: Payment, guidance: Guidance, using _: inout some RandomNumberGenerator
  ) -> Checkpoint {
    precondition(paid.rewards.count == count && guidance.softValues.count == count, "one number per particle")
    rewards = zip(rewards, paid.rewards).map { $0 + $1 }
    let softValues = guidance.softValues
    // A missing value is recorded as the last value minus the payment since then.
    values = (0..<count).map { place in
      softValues[place] ?? (rewards[place].isFinite ? values[place] - paid.rewards[place] : values[place])
    }
    let (weighed, recorded) = (logWeights, values)
    let ancestors =
      schedule == .never
      ? nil
      : Self.ancestors(
        scores: (0..<count).map { place in softValues[place].map { rewards[place] + $0 } },
        failed: rewards.map { !($0 > -.infinity) }, keep: keep)
    if let ancestors {
      rewards = ancestors.map { rewards[$0] }
      values = ancestors.map { values[$0] }
    }
    let checkpoint = Checkpoint(
      step: step, logWeights: weighed, softValues: recorded, ancestors: ancestors, logEvidence: 0)
    genealogy.append(checkpoint)
    return checkpoint
  }

  public mutating func finish(paid: Payment) {
    rewards = zip(rewards, paid.rewards).map { $0 + $1 }
  }

  /// The particle that each place continues: the best `keep` stay in their places, and their copies take the other
  /// places.
  ///
  /// If N / keep leaves a remainder, the best ones have one copy more. If all scores are equal, no particle is culled,
  /// as in the filter, since that would only lose some.
  /// - Parameters:
  ///   - scores: reward so far + V of each particle. A score is nil if V is missing; it ranks below all known scores.
  ///     Ties are ranked by place.
  ///   - failed: the failed particles, which are kept only if all failed.
  /// - Returns: for each place, the particle it continues; nil if each continues itself.
  public static func ancestors(scores: [Double?], failed: [Bool], keep: Int) -> [Int]? {
    precondition(scores.count == failed.count, "one score per particle")
    let scores = scores.map { $0.flatMap { $0.isNaN ? nil : $0 } }
    let living = scores.indices.filter { !failed[$0] }
    guard let first = living.first else { return nil }
    let ranked = living.sorted { a, b in
      switch (scores[a], scores[b]) {
      case (let x?, let y?): x == y ? a < b : x > y
      case (.some, nil): true
      case (nil, .some): false
      case (nil, nil): a < b
      }
    }
    let areEqual = living.allSatisfy { scores[$0] == scores[first] }
    let kept = areEqual ? ranked[...] : ranked.prefix(max(keep, 1))
    var counts = Array(repeating: 0, count: scores.count)
    for (rank, place) in kept.enumerated() {
      counts[place] = scores.count / kept.count + (rank < scores.count % kept.count ? 1 : 0)
    }
    let ancestors = Resampler.ancestors(from: counts)
    return ancestors == Array(scores.indices) ? nil : ancestors
  }
}
