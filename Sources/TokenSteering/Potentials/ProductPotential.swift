/// The product of potentials: its log-weights are their sums.
public struct ProductPotential: Potential {
  /// The factors, in the order in which they are asked.
  public let factors: [any Potential]
  public let vocabulary: TokenVocabulary

  /// - Parameter factors: at least one, of the same vocabulary.
  /// - Throws: `TokenSteeringError`.
  public init(_ factors: [any Potential]) throws(TokenSteeringError) {
    guard let first = factors.first else {
      throw TokenSteeringError(.badSetting, "A product of potentials needs at least one factor.")
    }
    for other in factors.dropFirst() { try first.vocabulary.checkSame(as: other.vocabulary) }
    self.factors = factors
    vocabulary = first.vocabulary
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    try await sums(prefixes) { try await $0.prefixLogWeights(of: $1) }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    try await sums(texts) { try await $0.completeLogWeights(of: $1) }
  }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    var products = try await factors[0].nextLogWeights(after: prefixes)
    for factor in factors.dropFirst() {
      let next = try await factor.nextLogWeights(after: prefixes)
      for place in products.indices {
        next[place].values.withUnsafeBufferPointer { added in
          products[place].values.withUnsafeMutableBufferPointer { sum in
            for token in sum.indices { sum[token] += added[token] }
          }
        }
      }
    }
    return products
  }

  /// A later factor is asked only about texts that no earlier one excluded.
  private func sums(
    _ texts: [[TokenID]], _ weigh: (any Potential, [[TokenID]]) async throws -> [Double]
  ) async throws -> [Double] {
    var sums = Array(repeating: 0.0, count: texts.count)
    for factor in factors {
      let open = texts.indices.filter { sums[$0] > -.infinity }
      guard !open.isEmpty else { break }
      for (place, weight) in zip(open, try await weigh(factor, open.map { texts[$0] })) { sums[place] += weight }
    }
    return sums
  }
}

extension Potential {
  /// The product of two potentials.
  ///
  /// - Throws: `TokenSteeringError` if their vocabularies differ.
  public static func * (a: Self, b: some Potential) throws(TokenSteeringError) -> ProductPotential {
    try ProductPotential([a, b])
  }
}

extension TokenVocabulary {
  func checkSame(as other: TokenVocabulary) throws(TokenSteeringError) {
    guard isSame(as: other) else {
      throw TokenSteeringError(
        .vocabulariesDiffer,
        "A potential of \(count) tokens is combined with one of \(other.count) other tokens; coerce one of them.")
    }
  }
}
