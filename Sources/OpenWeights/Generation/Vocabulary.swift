#if OpenWeights
  import ModelFiles

  /// The bytes of every token, and which tokens continue a text that is fixed beforehand.
  struct Vocabulary: Sendable {
    private let bytes: [[UInt8]]
    let endTokens: Set<Int32>
    private let byBytes: [[UInt8]: Int32]
    /// Bytes of the longest token.
    private let longest: Int

    init(_ tokenizer: Tokenizer, endTokens: [Int]) {
      bytes = (0..<tokenizer.count).map { tokenizer.isSpecial($0) ? [] : tokenizer.bytes(of: $0) }
      self.endTokens = Set(endTokens.compactMap { Int32(exactly: $0) })
      byBytes = Dictionary(
        bytes.enumerated().filter { !$0.element.isEmpty }.map { ($0.element, Int32($0.offset)) },
        uniquingKeysWith: { first, _ in first })
      longest = bytes.lazy.map(\.count).max() ?? 0
    }

    /// What a token adds to the text: nothing where it is special, or a row of the model's that no token has.
    func bytes(of token: Int32) -> [UInt8] { bytes.indices.contains(Int(token)) ? bytes[Int(token)] : [] }

    /// Whether `text` can be written token by token, whatever pieces of it were written before.
    func spells(_ text: String) -> Bool { text.utf8.allSatisfy { byBytes[[$0]] != nil } }

    /// The tokens that may come next where the answer must become one of `choices` and is `written` so far, as a grammar would
    /// have it: any token that spells a piece of one of them, and an end token where one of them is whole.
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
#endif
