/// A byte-level byte-pair encoding, as GPT-2, Llama 3, SmolLM and Qwen have it.
///
/// From a GGUF file or from `tokenizer.json`; encodes as Hugging Face's `tokenizers` does.
package struct Tokenizer: Sendable {
  /// The bytes of each token by its number; empty where no token has it.
  let vocabulary: [[UInt8]]
  /// Numbers of special tokens.
  let special: Set<Int>
  /// All added tokens by their text in UTF-8, special or not.
  let added: [[UInt8]: AddedToken]
  let merges: MergeTable
  /// The token of each single byte, or −1.
  let byteTokens: [Int32]
  /// Of bytes to tokens, where a word that is a token is not taken apart; else empty.
  let wholeWords: [[UInt8]: Int32]
  let steps: [PreTokenizer]
  /// Whether texts are brought to Unicode's normalisation form C.
  let normalizes: Bool
  /// What stands for bytes that the vocabulary lacks; left out where it is nil.
  let unknown: Int32?
  /// The token that the file's own post-processing puts before every text.
  let prefix: Int?
  private let beforeNormalization: AddedTokenFinder
  private let afterNormalization: AddedTokenFinder

  /// - Parameter parts: checked by whoever read them.
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

  /// One more than the greatest number of a token.
  package var count: Int { vocabulary.count }

  /// The tokens of `text`, without one that begins or ends it.
  ///
  /// - Parameter parsesSpecial: whether the text of a special token becomes that token. What a user or a world says is
  ///   to be encoded without, so that it cannot pass for another's turn. Added tokens that are not special, such as
  ///   Qwen 3's `<think>`, are found either way: no model has seen their text otherwise.
  package func encode(_ text: String, parsesSpecial: Bool = false) -> [Int] {
    encode([ChatSegment(text: text, isMarkup: parsesSpecial)])
  }

  /// The tokens of a conversation, where only what the template writes can become a special token. Otherwise they are
  /// those of the whole text: words go on over the borders of segments.
  ///
  /// The token that begins texts is there where the template writes it; where it does not, adding it is the caller's.
  package func encode(_ segments: [ChatSegment]) -> [Int] {
    var tokens: [Int] = []
    var merger = BytePairMerger(merges)
    /// What lies between two added tokens, so far.
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

  /// The text of `tokens`; bytes that are no UTF-8 become U+FFFD. Numbers of no token stand for nothing.
  ///
  /// - Parameter keepsSpecial: whether special tokens are written out or left out.
  package func decode(_ tokens: [Int], keepsSpecial: Bool = false) -> String {
    var text: [UInt8] = []
    for token in tokens where keepsSpecial || !isSpecial(token) { text += bytes(of: token) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that `token` stands for, which need not be whole characters; none for a number of no token.
  package func bytes(of token: Int) -> [UInt8] {
    vocabulary.indices.contains(token) ? vocabulary[token] : []
  }

  /// Whether `token` controls the model and is not a part of what it says.
  package func isSpecial(_ token: Int) -> Bool { special.contains(token) }

  /// The number of an added token, special or not, by its text.
  package func token(of special: String) -> Int? { added[Array(special.utf8)]?.id }

  /// Whether the file's own post-processing puts `token` before every text.
  func beginsTexts(with token: Int?) -> Bool { prefix != nil && prefix == token }

  /// Encodes what lies between two of the added tokens that are found before normalisation.
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
