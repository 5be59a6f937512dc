import TokenSteering

/// The tokens that write a stop, by what they write before it.
///
/// A token that writes a stop ends the text there. What it writes before the stop, its head, still belongs to the text.
/// Its mass is therefore that of the token that writes the head, followed by the end.
struct StopTokens: Sendable {
  /// Tokens that write a stop, by the token that writes their head; nil for the empty head.
  private(set) var byHead: [TokenID?: [TokenID]] = [:]
  /// Their heads.
  private(set) var heads: [TokenID: TokenID?] = [:]
  /// Tokens without bytes.
  let silent: Set<TokenID>
  /// Tokens that write a stop after a head that no single token writes.
  private(set) var headless: Set<TokenID> = []

  /// O(vocabulary).
  init(_ vocabulary: TokenVocabulary, stops: [String]) {
    let stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
    silent = Set(vocabulary.tokens.indices.filter { vocabulary.tokens[$0].isEmpty }.map { TokenID($0) })
    for (number, bytes) in vocabulary.tokens.enumerated() where !stops.isEmpty {
      guard let place = bytes.indices.first(where: { place in stops.contains { bytes[place...].starts(with: $0) } })
      else { continue }
      let token = TokenID(number)
      let found = vocabulary.trie.longestToken(of: bytes[..<place])
      guard place == 0 || found?.length == place else {
        headless.insert(token)
        continue
      }
      let head = place == 0 ? nil : found?.token
      byHead[head, default: []].append(token)
      heads[token] = .some(head)
    }
  }
}

/// Which tokens end a text, and which cannot be part of one.
struct TokenEndings: Sendable {
  let endTokens: [TokenID]
  /// Tokens that cannot be part of a text: those without bytes, and without a condition also stops without a head.
  let excluded: Set<TokenID>
  private let vocabulary: TokenVocabulary
  private let stopping: StopTokens
  private let condition: (any TokenCondition)?
  private let whole: Set<[UInt8]>

  init(
    _ vocabulary: TokenVocabulary, endTokens: [TokenID], stopping: StopTokens, condition: (any TokenCondition)?,
    whole: Set<[UInt8]>
  ) {
    (self.vocabulary, self.endTokens, self.stopping) = (vocabulary, endTokens, stopping)
    (self.condition, self.whole) = (condition, whole)
    excluded = condition == nil ? stopping.silent.union(stopping.headless) : stopping.silent
  }

  /// The tokens that end the text after `head`, which follows a prefix. None if the condition continues with one of them.
  func cut(at head: TokenID?, after prefix: [TokenID]) -> [TokenID] {
    let tokens = stopping.byHead[head] ?? []
    guard let condition else { return tokens }
    return tokens.contains { condition.allows($0, after: prefix) } ? [] : tokens
  }

  /// The tokens that end the text after a prefix or one more token, by this token.
  func cuts(after prefix: [TokenID]) -> [(head: TokenID?, tokens: [TokenID])] {
    stopping.byHead.keys.map { ($0, cut(at: $0, after: prefix)) }
  }

  /// Whether a text ends by itself.
  func isWhole(_ prefix: [TokenID]) -> Bool { !whole.isEmpty && whole.contains(vocabulary.bytes(of: prefix)) }

  func excludes(_ prefix: [TokenID]) -> Bool {
    prefix.indices.contains { place in
      let token = prefix[place]
      if !vocabulary.tokens.indices.contains(Int(token)) || excluded.contains(token) { return true }
      if let head = stopping.heads[token], !cut(at: head, after: Array(prefix[..<place])).isEmpty { return true }
      return !whole.isEmpty && isWhole(Array(prefix[..<place]))
    }
  }
}
