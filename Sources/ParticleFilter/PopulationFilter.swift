/// Decides at each checkpoint which particles continue: ``ParticleFilter`` or ``BeamSearch``.
public protocol PopulationFilter: Sendable {
  /// N.
  var count: Int { get }
  /// The steps at which particles are weighed.
  var schedule: Schedule { get }
  /// V(s₀), in reward units.
  var initialValue: Double { get }
  /// The log-weights of the particles, not normalised; −∞ for a failed particle.
  var logWeights: LogWeights { get }
  /// The estimate of the soft value of the start, in reward units.
  var softValue: Double { get }
  /// Every checkpoint so far, with its ancestors.
  var genealogy: Genealogy { get }

  /// Adds the payments and the critic's values since the last checkpoint, and selects if the schedule says so.
  ///
  /// - Parameter step: the number of steps that the particles have taken.
  /// - Returns: the record of this checkpoint. If its `ancestors` are not nil, the particle at place i is now a copy of
  ///   the one that was at `ancestors[i]`.
  @discardableResult
  mutating func weigh(
    step: Int, paid: Payment, guidance: Guidance, using generator: inout some RandomNumberGenerator
  ) -> Checkpoint

  /// Adds the last payments.
  mutating func finish(paid: Payment)
}

extension PopulationFilter {
  /// The normalised weights.
  public var weights: [Double] { logWeights.normalised }
}

extension ParticleFilter: PopulationFilter {}
