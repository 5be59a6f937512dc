import Agents
import Foundation
import Synchronization
import TokenSteering

/// A language model over a few tokens whose texts can all be listed, for exact answers in tests.
///
/// The next token after a prefix has a fixed random distribution that depends on the whole prefix. After `limit` tokens the text
/// ends, so that the probabilities of ``texts()`` sum to 1.
public struct EnumerableModel: Potential {
  public let vocabulary: TokenVocabulary
  /// The most tokens of a text.
  public let limit: Int
  private let seed: Seed
  private let spread: Double
  private let known = Known()

  /// Next weights by prefix, since they are asked for again and again.
  private final class Known: Sendable {
    let next = Mutex<[[TokenID]: NextLogWeights]>([:])
  }

  /// - Parameters:
  ///   - tokens: the texts of the tokens.
  ///   - limit: the most tokens of a text. There are up to (tokens + 1)^limit texts.
  ///   - spread: how far apart log-probabilities are.
  public init(_ tokens: [String], limit: Int, seed: UInt64 = 1, spread: Double = 2) {
    self.init(TokenVocabulary(tokens), limit: limit, seed: seed, spread: spread)
  }

  /// - Parameters:
  ///   - vocabulary: the tokens, shared with other potentials.
  ///   - limit: the most tokens of a text.
  ///   - spread: how far apart log-probabilities are.
  public init(_ vocabulary: TokenVocabulary, limit: Int, seed: UInt64 = 1, spread: Double = 2) {
    (self.vocabulary, self.limit, self.seed, self.spread) = (vocabulary, limit, Seed(seed), spread)
  }

  /// All texts with their log-probabilities.
  public func texts() -> [(tokens: [TokenID], logProbability: Double)] {
    var (open, found): ([(tokens: [TokenID], logProbability: Double)], [(tokens: [TokenID], logProbability: Double)]) =
      ([([], 0)], [])
    while let (tokens, sum) = open.popLast() {
      let next = next(after: tokens)
      found.append((tokens, sum + next.end))
      for token in 0..<TokenID(vocabulary.count) where next[token] > -.infinity {
        open.append((tokens + [token], sum + next[token]))
      }
    }
    return found
  }

  private func next(after prefix: [TokenID]) -> NextLogWeights {
    if let known = known.next.withLock({ $0[prefix] }) { return known }
    let next = computed(after: prefix)
    known.next.withLock { $0[prefix] = next }
    return next
  }

  private func computed(after prefix: [TokenID]) -> NextLogWeights {
    guard prefix.count < limit else {
      var next = NextLogWeights(excluding: vocabulary)
      if prefix.count == limit { next[nil] = 0 }
      return next
    }
    var generator = prefix.reduce(seed) { $0.split(Int($1)) }.generator()
    var next = NextLogWeights((0...vocabulary.count).map { _ in spread * (generator.uniform() - 0.5) * 2 })
    let sum = next.logSum
    for place in next.values.indices { next.values[place] -= sum }
    return next
  }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    prefixes.map { next(after: $0) }
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    prefixes.map { prefix in
      prefix.indices.reduce(0) { sum, place in
        sum == -.infinity ? sum : sum + next(after: Array(prefix[..<place]))[prefix[place]]
      }
    }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    zip(try await prefixLogWeights(of: texts), texts).map { $0 == -.infinity ? $0 : $0 + next(after: $1).end }
  }
}
