import TokenSteering

/// Which tokens end a text, and which cannot be part of one.
///
/// A token that writes a stop ends the text there. What it writes before the stop, its head, still belongs to the text.
/// Its mass is therefore that of the token that writes the head, followed by the end.
struct TokenEndings: Sendable {
  let endTokens: [TokenID]
  /// Tokens that cannot be part of a text: those without bytes, and those that write a stop after a head that no single
  /// token writes. With a condition the latter are left to it.
  let excluded: [TokenID]
  private let vocabulary: TokenVocabulary
  /// Tokens that write a stop, by the token that writes their head; nil for the empty head.
  private var stopping: [TokenID?: [TokenID]] = [:]
  /// Their heads.
  private var heads: [TokenID: TokenID?] = [:]
  private let isExcluded: Set<TokenID>
  private let condition: (any TokenCondition)?
  private let whole: Set<[UInt8]>

  init(
    _ vocabulary: TokenVocabulary, endTokens: [TokenID], stops: [[UInt8]], condition: (any TokenCondition)? = nil,
    whole: Set<[UInt8]> = []
  ) {
    self.vocabulary = vocabulary
    self.endTokens = Set(endTokens).sorted()
    (self.condition, self.whole) = (condition, whole)
    var excluded = vocabulary.tokens.indices.filter { vocabulary.tokens[$0].isEmpty }.map { TokenID($0) }
    for (number, bytes) in vocabulary.tokens.enumerated() where !stops.isEmpty {
      guard let place = bytes.indices.first(where: { place in stops.contains { bytes[place...].starts(with: $0) } })
      else { continue }
      let token = TokenID(number)
      let found = vocabulary.trie.longestToken(of: bytes[..<place])
      guard place == 0 || found?.length == place else {
        if condition == nil { excluded.append(token) }
        continue
      }
      let head = place == 0 ? nil : found?.token
      stopping[head, default: []].append(token)
      heads[token] = .some(head)
    }
    (self.excluded, isExcluded) = (excluded, Set(excluded))
  }

  /// The tokens that end the text after `head`, which follows a prefix. None if the condition continues with one of them.
  func cut(at head: TokenID?, after prefix: [TokenID]) -> [TokenID] {
    guard let tokens = stopping[head], let condition else { return stopping[head] ?? [] }
    return tokens.contains { condition.allows($0, after: prefix) } ? [] : tokens
  }

  /// The tokens that end the text after a prefix or one more token, by this token.
  func cuts(after prefix: [TokenID]) -> [(head: TokenID?, tokens: [TokenID])] {
    stopping.keys.map { ($0, cut(at: $0, after: prefix)) }
  }

  /// Whether a text ends by itself.
  func isWhole(_ prefix: [TokenID]) -> Bool { !whole.isEmpty && whole.contains(vocabulary.bytes(of: prefix)) }

  func excludes(_ prefix: [TokenID]) -> Bool {
    prefix.indices.contains { place in
      let token = prefix[place]
      if !vocabulary.tokens.indices.contains(Int(token)) || isExcluded.contains(token) { return true }
      if let head = heads[token], !cut(at: head, after: Array(prefix[..<place])).isEmpty { return true }
      return !whole.isEmpty && isWhole(Array(prefix[..<place]))
    }
  }
}
