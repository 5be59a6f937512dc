import Agents
import Constraints
import Foundation

/// Draws a set of tokens along one path down the vocabulary's trie, then one token of the set.
///
/// The path goes from byte to byte among those that the language allows, in proportion to the base's mass below each. A
/// token on the path has the weight p(t) / P(path reaches t); the sum over the set is properly weighted, since a token is in
/// the set exactly with the probability that divides it. Only the bytes beside one path are checked.
///
/// Source: the set samplers of Loula et al. (arXiv 2504.13139).
public struct SetSampler<Language: ByteLanguage>: TokenSampler {
  public let target: any Potential
  /// What weighs tokens.
  public let base: any Potential
  /// What allows bytes.
  public let condition: LanguagePotential<Language>

  /// - Throws: `TokenSteeringError` if the vocabularies differ.
  public init(_ base: any Potential, condition: LanguagePotential<Language>) throws(TokenSteeringError) {
    target = try ProductPotential([base, condition])
    (self.base, self.condition) = (base, condition)
  }

  public func draw(after prefixes: [[TokenID]], seeds: [Seed]) async throws -> [WeightedToken] {
    let next = try await base.nextLogWeights(after: prefixes)
    return try prefixes.indices.map { row in
      try next[row].check()
      guard let state = condition.state(after: prefixes[row]) else { return .impossible }
      var generator = seeds[row].generator()
      let (places, logWeights) = set(from: next[row], state, using: &generator)
      let pool = Categorical(logWeights)
      guard let chosen = pool.draw(using: &generator) else { return .impossible }
      return WeightedToken(next[row].token(at: places[chosen]), logWeight: pool.logTotal)
    }
  }

  /// The tokens on one path, and the end of the text where it is allowed, with their weights.
  private func set(
    from next: NextLogWeights, _ start: Language.State, using generator: inout SplitMix64
  ) -> (places: [Int], logWeights: [Double]) {
    let trie = condition.vocabulary.trie
    let largest = next.values.max() ?? -.infinity
    guard largest > -.infinity else { return ([], []) }
    // The mass of the nodes n ..< m is a difference of these sums, since a subtree is a run of the preorder.
    var sums = [0.0]
    sums.reserveCapacity(trie.tokens.count + 1)
    for token in trie.tokens { sums.append(sums[sums.count - 1] + exp(next.values[Int(token)] - largest)) }
    func mass(_ node: Int) -> Double {
      sums[Int(trie.firstTokens[Int(trie.ends[node])])] - sums[Int(trie.firstTokens[node])]
    }
    var (places, logWeights): ([Int], [Double]) = ([], [])
    if condition.language.isComplete(start), next.end > -.infinity {
      places.append(next.values.count - 1)
      logWeights.append(next.end)
    }
    var (node, state, logReach) = (0, start, 0.0)
    while true {
      var (open, masses): ([(node: Int, state: Language.State)], [Double]) = ([], [])
      for child in trie.children(of: node) {
        // A mass that rounding swallowed still needs a positive probability, or its tokens would be lost.
        guard let state = condition.step(trie.bytes[child], state) else { continue }
        open.append((child, state))
        masses.append(max(mass(child), 1e-12))
      }
      let total = masses.reduce(0, +)
      guard total > 0, let step = Categorical(masses.map { log($0) }).draw(using: &generator) else { break }
      logReach += log(masses[step] / total)
      (node, state) = open[step]
      for token in trie.tokens(at: node) where next.values[Int(token)] > -.infinity {
        places.append(Int(token))
        logWeights.append(next.values[Int(token)] - logReach)
      }
    }
    return (places, logWeights)
  }
}
