import Agents

/// A token that was drawn, with the increment of its particle's log-weight.
public struct WeightedToken: Sendable, Hashable {
  /// The token; nil for the end of the text.
  public let token: TokenID?
  /// The increment of the log-weight, in nats. −∞ if no token is possible.
  public let logWeight: Double

  /// - Parameters:
  ///   - token: nil for the end of the text.
  ///   - logWeight: the increment, in nats.
  public init(_ token: TokenID?, logWeight: Double) { (self.token, self.logWeight) = (token, logWeight) }

  /// No token is possible.
  public static let impossible = WeightedToken(nil, logWeight: -.infinity)
}

/// Draws next tokens that are properly weighted for a target: for every function f of tokens,
/// E[exp(logWeight)·f(token)] = Σ_t exp(target.next(t))·f(t).
///
/// How a token is drawn changes the variance of weights, never the limit. `SamplerLaws` (CoxswainTesting) checks it.
public protocol TokenSampler: Sendable {
  /// The potential for which tokens are weighted.
  var target: any Potential { get }

  /// Draws one token after each prefix.
  ///
  /// - Parameter seeds: the randomness of each draw, so that a result does not depend on the batch.
  func draw(after prefixes: [[TokenID]], seeds: [Seed]) async throws -> [WeightedToken]
}

/// Draws in proportion to the target's own next weights; the weight is their sum. With a constraint among the factors of
/// the target this is the locally constrained sampler: masked, renormalised, and weighted by the mass of what was
/// allowed.
public struct LocalSampler: TokenSampler {
  public let target: any Potential

  /// - Parameter target: its next weights are all computed at every token.
  public init(_ target: any Potential) { self.target = target }

  public func draw(after prefixes: [[TokenID]], seeds: [Seed]) async throws -> [WeightedToken] {
    let next = try await target.nextLogWeights(after: prefixes)
    return try zip(next, seeds).map { next, seed in
      try next.check()
      var generator = seed.generator()
      let pool = Categorical(next.values)
      guard let place = pool.draw(using: &generator) else { return .impossible }
      return WeightedToken(next.token(at: place), logWeight: pool.logTotal)
    }
  }
}

/// Draws from another model, with the importance weight target / proposal.
///
/// The proposal has to give a positive weight to every token to which the target does. A smaller model, a model with
/// another prompt or temperature, or a product of a model and a constraint.
public struct ProposalSampler: TokenSampler {
  public let target: any Potential
  /// What tokens are drawn from, normalised.
  public let proposal: any Potential

  /// - Throws: `TokenSteeringError` if the vocabularies differ.
  public init(_ target: any Potential, proposal: any Potential) throws(TokenSteeringError) {
    try target.vocabulary.checkSame(as: proposal.vocabulary)
    (self.target, self.proposal) = (target, proposal)
  }

  public func draw(after prefixes: [[TokenID]], seeds: [Seed]) async throws -> [WeightedToken] {
    let wanted = try await target.nextLogWeights(after: prefixes)
    let proposed = try await proposal.nextLogWeights(after: prefixes)
    return try prefixes.indices.map { row in
      try wanted[row].check()
      try proposed[row].check()
      var generator = seeds[row].generator()
      let pool = Categorical(proposed[row].values)
      guard let place = pool.draw(using: &generator) else { return .impossible }
      let logProbability = proposed[row].values[place] - pool.logTotal
      return WeightedToken(
        wanted[row].token(at: place), logWeight: wanted[row].values[place] - logProbability)
    }
  }
}

extension NextLogWeights {
  /// - Throws: `TokenSteeringError` for NaN and +∞.
  func check() throws(TokenSteeringError) {
    // Comparisons with NaN are false.
    if let place = values.firstIndex(where: { !($0 < .infinity) }) {
      let name = token(at: place).map { "token \($0)" } ?? "the end of the text"
      throw TokenSteeringError(.badWeight, "A potential gave \(name) the log-weight \(values[place]).")
    }
  }
}
