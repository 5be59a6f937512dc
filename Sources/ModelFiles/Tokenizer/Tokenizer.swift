/// A byte-level byte-pair encoding, as used by GPT-2, Llama 3, SmolLM and Qwen.
///
/// It is read from a GGUF file or from `tokenizer.json` and encodes as Hugging Face's `tokenizers` does.
package struct Tokenizer: Sendable {
  /// The bytes of each token, by token number; empty for numbers without a token.
  let vocabulary: [[UInt8]]
  /// The numbers of the special tokens.
  let special: Set<Int>
  /// All added tokens, special or not, by their text in UTF-8.
  let added: [[UInt8]: AddedToken]
  let merges: MergeTable
  /// The token of each single byte, or −1.
  let byteTokens: [Int32]
  /// Maps bytes to tokens, if words that are tokens are kept whole; empty otherwise.
  let wholeWords: [[UInt8]: Int32]
  let steps: [PreTokenizer]
  /// Whether texts are normalised to Unicode's form C.
  let normalizes: Bool
  /// The token for bytes that the vocabulary lacks. If it is nil, such bytes are omitted.
  let unknown: Int32?
  /// The token that the file's own post-processing puts before every text.
  let prefix: Int?
  private let beforeNormalization: AddedTokenFinder
  private let afterNormalization: AddedTokenFinder

  /// - Parameter parts: parts that their reader has checked.
  init(_ parts: TokenizerParts) {
    vocabulary = parts.vocabulary
    special = Set(parts.added.lazy.filter(\.isSpecial).map(\.id))
    added = Dictionary(parts.added.map { (Array($0.content.utf8), $0) }) { first, _ in first }
    merges = parts.merges
    byteTokens = parts.byteTokens
    wholeWords = parts.wholeWords
    steps = parts.steps
    normalizes = parts.normalizes
    unknown = parts.unknown
    prefix = parts.prefix
    beforeNormalization = AddedTokenFinder(parts.added.filter { !$0.isNormalized })
    afterNormalization = AddedTokenFinder(parts.added.filter(\.isNormalized))
  }

  /// The largest token number plus one.
  package var count: Int { vocabulary.count }

  /// The tokens of `text`, without a begin-of-text or end-of-text token.
  ///
  /// - Parameter parsesSpecial: whether the text of a special token becomes that token. Text of a user or a world has
  ///   to be encoded without it, so that the text cannot imitate another turn. Added tokens that are not special, such
  ///   as Qwen 3's `<think>`, are always recognised, since models are not trained on any other encoding of their text.
  package func encode(_ text: String, parsesSpecial: Bool = false) -> [Int] {
    encode([ChatSegment(text: text, isMarkup: parsesSpecial)])
  }

  /// The tokens of a conversation. Only the template's own text can become special tokens. Otherwise the result is that
  /// of the whole text: words continue across the borders of segments.
  ///
  /// The begin-of-text token is present only if the template writes it. Otherwise the caller adds it.
  package func encode(_ segments: [ChatSegment]) -> [Int] {
    var tokens: [Int] = []
    var merger = BytePairMerger(merges)
    /// The text since the last added token.
    var stretch: [UInt8] = []
    var isMarkup = true
    for segment in segments {
      let bytes = Array(segment.text.utf8)
      for piece in beforeNormalization.split(bytes, parsesSpecial: segment.isMarkup) {
        switch piece {
        case .text(let range):
          stretch += bytes[range]
          isMarkup = isMarkup && segment.isMarkup
        case .token(let id):
          encode(stretch, parsesSpecial: isMarkup, &merger, &tokens)
          tokens.append(id)
          stretch = []
          isMarkup = true
        }
      }
    }
    encode(stretch, parsesSpecial: isMarkup, &merger, &tokens)
    return tokens
  }

  /// The text of `tokens`. Invalid UTF-8 becomes U+FFFD, and numbers without a token yield no text.
  ///
  /// - Parameter keepsSpecial: whether the text includes special tokens.
  package func decode(_ tokens: [Int], keepsSpecial: Bool = false) -> String {
    var text: [UInt8] = []
    for token in tokens where keepsSpecial || !isSpecial(token) { text += bytes(of: token) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `token`, which need not be whole characters; empty for a number without a token.
  package func bytes(of token: Int) -> [UInt8] {
    vocabulary.indices.contains(token) ? vocabulary[token] : []
  }

  /// Whether `token` controls the model and is not part of its text.
  package func isSpecial(_ token: Int) -> Bool { special.contains(token) }

  /// The number of an added token, special or not, by its text.
  package func token(of special: String) -> Int? { added[Array(special.utf8)]?.id }

  /// Whether the file's own post-processing puts `token` before every text.
  func beginsTexts(with token: Int?) -> Bool { prefix != nil && prefix == token }

  /// Encodes the text between two of the added tokens that are matched before normalisation.
  private func encode(
    _ stretch: [UInt8], parsesSpecial: Bool, _ merger: inout BytePairMerger, _ tokens: inout [Int]
  ) {
    guard !stretch.isEmpty else { return }
    let text = String(decoding: stretch, as: UTF8.self)
    let normal = normalizes ? NormalForm.composed(text) : text
    guard !afterNormalization.isEmpty else { return encodeWords(of: normal, &merger, &tokens) }
    let bytes = Array(normal.utf8)
    for piece in afterNormalization.split(bytes, parsesSpecial: parsesSpecial) {
      switch piece {
      case .token(let id): tokens.append(id)
      case .text(let range): encodeWords(of: String(decoding: bytes[range], as: UTF8.self), &merger, &tokens)
      }
    }
  }

  private func encodeWords(of text: String, _ merger: inout BytePairMerger, _ tokens: inout [Int]) {
    let text = ScalarText(text)
    var symbols: [Int32] = []
    for word in PreTokenizer.split(text, by: steps) {
      let bytes = text.utf8[text.offsets[word.lowerBound]..<text.offsets[word.upperBound]]
      if !wholeWords.isEmpty, let token = wholeWords[Array(bytes)] {
        tokens.append(Int(token))
        continue
      }
      symbols.removeAll(keepingCapacity: true)
      for byte in bytes {
        let token = byteTokens[Int(byte)]
        if token >= 0 { symbols.append(token) } else if let unknown { symbols.append(unknown) }
      }
      merger.merge(symbols, into: &tokens)
    }
  }
}
