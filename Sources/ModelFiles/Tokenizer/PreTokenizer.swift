/// One step of splitting a text into the words that bound merges. The patterns are those of published models. They are
/// scanned by hand, which is faster than a regular expression and identical on every platform.
enum PreTokenizer: Sendable, Hashable {
  /// Separates digits from the rest: each digit, or each run of digits.
  case digits(individual: Bool)
  /// GPT-2's pattern.
  case gpt2
  /// Llama 3's pattern, which groups up to three digits, or Qwen 2's, which differs only in taking single digits.
  case tiktoken(digits: Int)

  static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The step for a pattern of tokenizer.json, or nil if the pattern is unknown.
  init?(pattern: String) {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    switch pattern {
    case PreTokenizer.gpt2Pattern: self = .gpt2
    case contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"# + rest: self = .tiktoken(digits: 3)
    case contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + rest: self = .tiktoken(digits: 1)
    case #"\p{N}"#: self = .digits(individual: true)
    default: return nil
    }
  }

  /// Applies all `steps`, each within the pieces of the previous step.
  ///
  /// - Returns: ranges of scalars that cover the text in order.
  static func split(_ text: ScalarText, by steps: [PreTokenizer]) -> [Range<Int>] {
    var pieces = [0..<text.scalars.count]
    for step in steps {
      var next: [Range<Int>] = []
      next.reserveCapacity(pieces.count * 2)
      for piece in pieces {
        var start = piece.lowerBound
        while start < piece.upperBound {
          let end = step.end(of: text, from: start, to: piece.upperBound)
          next.append(start..<end)
          start = end
        }
      }
      pieces = next
    }
    return pieces
  }

  /// The end of the piece that begins at `start`. A piece is never empty.
  private func end(of text: ScalarText, from start: Int, to limit: Int) -> Int {
    let scanner = PieceScanner(text: text, start: start, limit: limit)
    return switch self {
    case .digits(let individual): scanner.digits(individual: individual)
    case .gpt2: scanner.gpt2()
    case .tiktoken(let digits): scanner.tiktoken(digits: digits)
    }
  }
}
