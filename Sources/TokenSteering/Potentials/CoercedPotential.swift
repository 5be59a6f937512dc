/// A potential over bytes as one over tokens: a text of tokens has the weight of its bytes.
///
/// Next weights come from a walk of the vocabulary's trie, one batch for each depth, that leaves out what is excluded.
/// For a ``ByteLanguage`` use ``LanguagePotential``, which keeps walks by state.
public struct CoercedPotential<Base: Potential>: Potential {
  /// The potential over ``TokenVocabulary/bytes``.
  public let base: Base
  public let vocabulary: TokenVocabulary

  /// - Parameter base: a potential whose token n is the byte n.
  /// - Throws: `TokenSteeringError` if it has another vocabulary.
  public init(_ base: Base, to vocabulary: TokenVocabulary) throws(TokenSteeringError) {
    try base.vocabulary.checkSame(as: .bytes)
    (self.base, self.vocabulary) = (base, vocabulary)
  }

  private func bytes(of tokens: [TokenID]) -> [TokenID] { vocabulary.bytes(of: tokens).map { TokenID($0) } }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    let weights = try await base.prefixLogWeights(of: prefixes.map(bytes))
    return zip(prefixes, weights).map { isText($0) ? $1 : -.infinity }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    let weights = try await base.completeLogWeights(of: texts.map(bytes))
    return zip(texts, weights).map { isText($0) ? $1 : -.infinity }
  }

  private func isText(_ tokens: [TokenID]) -> Bool { tokens.allSatisfy { !vocabulary.bytes(of: $0).isEmpty } }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    var found = prefixes.map { _ in NextLogWeights(excluding: vocabulary) }
    let trie = vocabulary.trie
    var open = prefixes.indices.filter { isText(prefixes[$0]) }.map {
      (row: $0, node: 0, bytes: bytes(of: prefixes[$0]), logWeight: 0.0)
    }
    while !open.isEmpty {
      let next = try await base.nextLogWeights(after: open.map(\.bytes))
      var deeper: [(row: Int, node: Int, bytes: [TokenID], logWeight: Double)] = []
      for (entry, next) in zip(open, next) {
        if entry.node == 0 { found[entry.row][nil] = next.end }
        for child in trie.children(of: entry.node) {
          let byte = TokenID(trie.bytes[child])
          let logWeight = entry.logWeight + next[byte]
          guard logWeight > -.infinity else { continue }
          for token in trie.tokens(at: child) { found[entry.row][token] = logWeight }
          if Int(trie.ends[child]) > child + 1 { deeper.append((entry.row, child, entry.bytes + [byte], logWeight)) }
        }
      }
      open = deeper
    }
    return found
  }
}
