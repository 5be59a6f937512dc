import Foundation

/// An unnormalised distribution over texts of tokens, by log-weights.
///
/// The weight of a complete text is the target. The weight of a prefix is what the filter aims at half-way; any
/// choice that is positive wherever an extension is gives the same limit, and better ones need fewer particles.
/// −∞ excludes. A prefix that is excluded excludes all its extensions.
///
/// Write the first two functions, or all three where every next weight can be had at once. All take batches, so that one pass of a
/// model serves all particles. `PotentialLaws` (CoxswainTesting) checks an implementation.
///
/// Source: Loula et al., "Syntactic and Semantic Control of Large Language Models via Sequential Monte Carlo" (ICLR 2025,
/// arXiv 2504.13139).
public protocol Potential: Sendable {
  /// The tokens.
  var vocabulary: TokenVocabulary { get }

  /// The log-weight of each prefix, in nats; never NaN or +∞.
  func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double]

  /// The log-weight of each complete text, in nats; never NaN or +∞.
  func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double]

  /// For each prefix x, the differences prefix(x·t) − prefix(x) for every token t, and complete(x) − prefix(x) for the
  /// end. All −∞ after an excluded prefix.
  func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights]
}

extension Potential {
  /// Weighs every extension. O(vocabulary) for each prefix; write your own for large vocabularies.
  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    var result: [NextLogWeights] = []
    let bases = try await prefixLogWeights(of: prefixes)
    let completes = try await completeLogWeights(of: prefixes)
    for (place, prefix) in prefixes.enumerated() {
      guard bases[place] > -.infinity else {
        result.append(NextLogWeights(excluding: vocabulary))
        continue
      }
      let extensions = (0..<TokenID(vocabulary.count)).map { prefix + [$0] }
      let weights = try await prefixLogWeights(of: extensions)
      result.append(NextLogWeights(weights.map { $0 - bases[place] } + [completes[place] - bases[place]]))
    }
    return result
  }
}

/// The log-weights of every next token, and of the end of the text.
public struct NextLogWeights: Sendable, Hashable {
  /// By token number; the last entry is the end of the text.
  public var values: [Double]

  /// - Parameter values: by token number, then the end of the text.
  public init(_ values: [Double]) { self.values = values }

  /// Log-weights of −∞.
  public init(excluding vocabulary: TokenVocabulary) {
    values = Array(repeating: -.infinity, count: vocabulary.count + 1)
  }

  /// The log-weight of a token; of the end of the text for nil. −∞ for numbers outside the vocabulary, which cannot be
  /// set.
  public subscript(token: TokenID?) -> Double {
    get { place(of: token).map { values[$0] } ?? -.infinity }
    set { if let place = place(of: token) { values[place] = newValue } }
  }

  private func place(of token: TokenID?) -> Int? {
    guard let token else { return values.count - 1 }
    return (0..<values.count - 1).contains(Int(token)) ? Int(token) : nil
  }

  /// The log-weight of the end of the text.
  public var end: Double { values[values.count - 1] }

  /// log Σ exp, the mass of all next tokens and of the end; −∞ if there is none.
  public var logSum: Double { Self.logSum(values) }

  package static func logSum(_ values: [Double]) -> Double {
    let largest = values.max() ?? -.infinity
    guard largest > -.infinity else { return -.infinity }
    return largest + log(values.reduce(0) { $1 > -.infinity ? $0 + exp($1 - largest) : $0 })
  }

  /// The place in ``values`` as a token; nil for the end of the text.
  func token(at place: Int) -> TokenID? { place == values.count - 1 ? nil : TokenID(place) }
}

/// A potential of weights 0 and −∞, which can say of a single token whether it may come next.
public protocol TokenCondition: Potential {
  /// Whether a token may follow a prefix that is not excluded, or for nil whether the text may end.
  func allows(_ token: TokenID?, after prefix: [TokenID]) -> Bool
}

/// The difference of two log-weights; −∞ if the second is excluded.
func logRatio(_ a: Double, _ b: Double) -> Double { b == -.infinity ? -.infinity : a - b }
