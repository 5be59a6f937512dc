/// Guidance: a guess of the log-weight that a prefix still has to come, in nats. It decides which particles are culled
/// and cloned early, and is taken out of the weights when a text ends. A wrong twist costs particles, never correctness.
public protocol TokenTwist: Sendable {
  /// The guess for each prefix. What is not finite counts as no guess.
  func logValues(of prefixes: [[TokenID]]) async throws -> [Double]
}

/// A twist made from a closure over the prefix's text.
public struct ClosureTwist: TokenTwist {
  private let vocabulary: TokenVocabulary
  private let value: @Sendable (String) async throws -> Double

  /// - Parameter value: the guess for a prefix, in nats.
  public init(_ vocabulary: TokenVocabulary, value: @escaping @Sendable (String) async throws -> Double) {
    (self.vocabulary, self.value) = (vocabulary, value)
  }

  public func logValues(of prefixes: [[TokenID]]) async throws -> [Double] {
    try await prefixes.weighed { [vocabulary, value] in try await value(vocabulary.text(of: $0)) }
  }
}

/// The prefix weights of a potential as a twist: a judge or a critic guides, and the target stays as it is.
public struct PotentialTwist: TokenTwist {
  private let potential: any Potential
  private let scale: Double

  /// - Parameter scale: the factor of the log-weights.
  public init(_ potential: any Potential, scale: Double = 1) { (self.potential, self.scale) = (potential, scale) }

  public func logValues(of prefixes: [[TokenID]]) async throws -> [Double] {
    try await potential.prefixLogWeights(of: prefixes).map { $0 * scale }
  }
}
