/// A potential made from closures over one text each.
///
/// ```swift
/// let short = ClosurePotential(vocabulary, prefix: { _ in 0 }, complete: { $0.count < 4 ? 0 : -.infinity })
/// ```
public struct ClosurePotential: Potential {
  /// Weighs one text, in nats.
  public typealias Weight = @Sendable ([TokenID]) async throws -> Double

  public let vocabulary: TokenVocabulary
  private let prefix, complete: Weight

  /// - Parameters:
  ///   - prefix: the log-weight of a prefix.
  ///   - complete: the log-weight of a complete text.
  public init(_ vocabulary: TokenVocabulary, prefix: @escaping Weight, complete: @escaping Weight) {
    (self.vocabulary, self.prefix, self.complete) = (vocabulary, prefix, complete)
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    try await prefixes.weighed(by: prefix)
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    try await texts.weighed(by: complete)
  }
}

/// A condition made from closures: which prefixes may go on, and which texts are complete.
public struct ClosureCondition: TokenCondition {
  public let vocabulary: TokenVocabulary
  private let prefix, complete: @Sendable ([TokenID]) -> Bool

  /// - Parameters:
  ///   - prefix: whether a prefix can still become an allowed text.
  ///   - complete: whether a complete text is allowed.
  public init(
    _ vocabulary: TokenVocabulary, prefix: @escaping @Sendable ([TokenID]) -> Bool,
    complete: @escaping @Sendable ([TokenID]) -> Bool
  ) {
    (self.vocabulary, self.prefix, self.complete) = (vocabulary, prefix, complete)
  }

  public func allows(_ token: TokenID?, after prefix: [TokenID]) -> Bool {
    token.map { self.prefix(prefix + [$0]) } ?? complete(prefix)
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    prefixes.map { prefix($0) ? 0 : -.infinity }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    texts.map { complete($0) ? 0 : -.infinity }
  }
}

/// A weight of the finished text alone: a verifier, a reward R/β, a critic. Prefixes have the weight 1.
///
/// Use it among the `factors` of a filter, which asks it once for each finished answer. As part of a sampler it would be
/// asked at every token. Add a ``TokenTwist`` that guesses it, so that particles are culled earlier.
public struct FinalPotential: Potential {
  public let vocabulary: TokenVocabulary
  private let weight: @Sendable (String) async throws -> Double

  /// - Parameter weight: the log-weight of a finished text, in nats.
  public init(_ vocabulary: TokenVocabulary, weight: @escaping @Sendable (String) async throws -> Double) {
    (self.vocabulary, self.weight) = (vocabulary, weight)
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] { prefixes.map { _ in 0 } }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    try await texts.weighed { [vocabulary, weight] in try await weight(vocabulary.text(of: $0)) }
  }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    try await completeLogWeights(of: prefixes).map {
      NextLogWeights(Array(repeating: 0, count: vocabulary.count) + [$0])
    }
  }
}

extension [[TokenID]] {
  /// Each text once, in the order of its first place, so that batches are the same in every run.
  package var distinct: [[TokenID]] {
    var seen: Set<[TokenID]> = []
    return filter { seen.insert($0).inserted }
  }

  /// Weighs all texts at the same time; equal texts once.
  func weighed(by weight: @escaping @Sendable ([TokenID]) async throws -> Double) async throws -> [Double] {
    if count == 1 { return [try await weight(self[0])] }
    let distinct = self.distinct
    let weights = try await withThrowingTaskGroup(of: ([TokenID], Double).self) { group in
      for text in distinct { group.addTask { (text, try await weight(text)) } }
      return try await group.reduce(into: [[TokenID]: Double]()) { $0[$1.0] = $1.1 }
    }
    return map { weights[$0] ?? -.infinity }
  }
}
