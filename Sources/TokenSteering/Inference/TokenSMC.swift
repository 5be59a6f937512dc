import Agents
import ParticleFilter

/// Sequential Monte Carlo over the tokens of one text.
///
/// The target is the sampler's target times the factors, over texts of at most `limit` tokens. Every particle draws a token; the increment of
/// its log-weight is the sampler's plus the change of the factors' prefix weights; the twist is guidance. Particles are
/// resampled when the effective sample size falls below the schedule's share. At the limit only the end of the text is
/// left, with its weight. The result is the weighted posterior and an unbiased evidence.
///
/// ```swift
/// let json = try language.potential(over: model.vocabulary)
/// let filter = try TokenSMC(sampler: RejectionSampler(model, condition: json), particles: 8, limit: 200)
/// let posterior = try await filter.run(seed: Seed(1))
/// ```
///
/// Sources: Lew et al., "Sequential Monte Carlo Steering of Large Language Models using Probabilistic Programs" (arXiv 2306.03081);
/// Loula et al. (arXiv 2504.13139).
public struct TokenSMC: Sendable {
  /// How tokens are drawn and weighed.
  public let sampler: any TokenSampler
  /// Further factors of the target, asked only about what was drawn.
  public let factors: [any Potential]
  /// Guidance, which the target does not contain.
  public let twist: (any TokenTwist)?
  /// N.
  public let particles: Int
  /// The most tokens of a text, without its end.
  public let limit: Int
  /// Whether a text that reaches the limit is cut there and keeps its weight. Otherwise it has to end there.
  public let cutsAtLimit: Bool
  /// When particles are resampled.
  public let schedule: Schedule
  /// How copies are drawn.
  public let resampler: Resampler

  /// - Parameters:
  ///   - factors: further factors of the target, such as a ``FinalPotential``.
  ///   - particles: N, at least 1.
  ///   - limit: the most tokens of a text, at least 1.
  ///   - cutsAtLimit: whether texts are cut at the limit; the target is then over beginnings of texts, too.
  ///   - schedule: the default resamples when the effective sample size is below N/2.
  /// - Throws: `TokenSteeringError` for settings out of their bounds and vocabularies that differ.
  public init(
    sampler: any TokenSampler, factors: [any Potential] = [], twist: (any TokenTwist)? = nil, particles: Int,
    limit: Int, cutsAtLimit: Bool = false, schedule: Schedule = .effectiveSampleSize(below: 0.5),
    resampler: Resampler = .systematic
  ) throws(TokenSteeringError) {
    guard particles >= 1 else {
      throw TokenSteeringError(.badSetting, "\(particles) particles were asked for; at least 1 is needed.")
    }
    guard limit >= 1 else {
      throw TokenSteeringError(.badSetting, "The limit is \(limit) tokens; at least 1 is needed.")
    }
    if let problem = schedule.problem(stepLimit: limit + 1) {
      throw TokenSteeringError(.badSetting, "The schedule \(problem).")
    }
    for factor in factors { try sampler.target.vocabulary.checkSame(as: factor.vocabulary) }
    (self.sampler, self.factors, self.twist) = (sampler, factors, twist)
    (self.particles, self.limit, self.cutsAtLimit) = (particles, limit, cutsAtLimit)
    (self.schedule, self.resampler) = (schedule, resampler)
  }

  /// Draws the particles to their ends.
  ///
  /// - Parameters:
  ///   - seed: all randomness. Equal seeds give equal results wherever the potentials do.
  ///   - observe: is told after every token. It may throw to stop the run.
  /// - Throws: errors of the potentials; `TokenSteeringError` for weights that are NaN or +∞; `CancellationError`.
  public func run(
    seed: Seed, observe: (@Sendable (TokenProgress) async throws -> Void)? = nil
  ) async throws -> TokenPosterior {
    var run = TokenRun(self, seed: seed)
    try await run.begin()
    while run.isOpen {
      try Task.checkCancellation()
      try await run.step()
      try await observe?(run.progress)
    }
    return run.posterior
  }
}

/// How far a run is.
public struct TokenProgress: Sendable, Hashable {
  /// Tokens drawn by the particle that went furthest.
  public let tokens: Int
  /// Particles that have neither ended nor died.
  public let running: Int
  /// The effective sample size now.
  public let effectiveSampleSize: Double
  /// log Ẑ so far, in nats.
  public let logEvidence: Double
}
