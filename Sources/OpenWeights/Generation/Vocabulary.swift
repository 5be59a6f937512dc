import ModelFiles

/// The bytes of every token, and the tokens that continue a constrained text.
struct Vocabulary: Sendable {
  private let bytes: [[UInt8]]
  let endTokens: Set<Int32>
  private let byBytes: [[UInt8]: Int32]
  /// The byte length of the longest token.
  private let longest: Int

  init(_ tokenizer: Tokenizer, endTokens: [Int]) {
    bytes = (0..<tokenizer.count).map { tokenizer.isSpecial($0) ? [] : tokenizer.bytes(of: $0) }
    self.endTokens = Set(endTokens.compactMap { Int32(exactly: $0) })
    byBytes = Dictionary(
      bytes.enumerated().filter { !$0.element.isEmpty }.map { ($0.element, Int32($0.offset)) },
      uniquingKeysWith: { first, _ in first })
    longest = bytes.lazy.map(\.count).max() ?? 0
  }

  /// The bytes that a token adds to the text. Empty for special tokens and for rows of the model that have no token.
  func bytes(of token: Int32) -> [UInt8] { bytes.indices.contains(Int(token)) ? bytes[Int(token)] : [] }

  /// Whether every byte of `text` has a token of its own, so that any remainder of it can be written.
  func spells(_ text: String) -> Bool { text.utf8.allSatisfy { byBytes[[$0]] != nil } }

  /// The tokens that may follow `written` if the answer must become one of `choices`. These are all tokens that spell
  /// a piece of a choice, and the end tokens if a choice is complete.
  func tokens(after written: [UInt8], towards choices: [[UInt8]]) -> [Int32] {
    var allowed: Set<Int32> = []
    for choice in choices where choice.starts(with: written) {
      let rest = choice.dropFirst(written.count)
      if rest.isEmpty { allowed.formUnion(endTokens) }
      for end in rest.indices.prefix(longest) {
        if let token = byBytes[Array(rest[...end])] { allowed.insert(token) }
      }
    }
    return allowed.sorted()
  }
}
