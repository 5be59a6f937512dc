/// Separates a model's thoughts from its answer. Servers without a parser for a model's thoughts leave them in the
/// text.
package struct Thoughts: Sendable, Hashable {
  /// The text without the thoughts, trimmed.
  package let answer: String
  /// nil if the text has no thoughts.
  package let thoughts: String?

  /// The marks that models put around their thoughts.
  private static let marks: [(opening: String, closing: String)] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis<|message|>", "<|end|>"),
  ]

  /// The header of the answer in gpt-oss' format.
  private static let final = "<|channel|>final<|message|>"

  private struct Mark {
    let bytes: [UInt8]
    let isOpening: Bool
    let pair: Int
  }

  private static let all: [Mark] = marks.enumerated().flatMap { pair, mark in
    [
      Mark(bytes: Array(mark.opening.utf8), isOpening: true, pair: pair),
      Mark(bytes: Array(mark.closing.utf8), isOpening: false, pair: pair),
    ]
  }

  private static let beginnings = Set(all.compactMap(\.bytes.first))

  /// Whether the text can contain thoughts or special tokens. All other texts skip the parsing.
  static func mayHold(_ text: some StringProtocol) -> Bool { text.utf8.contains(where: beginnings.contains) }

  /// Without an opening mark, thoughts are all text before the closing mark: the chat template put the opening mark
  /// into the prompt. Without a closing mark, they are all text after an opening mark at the beginning of a line.
  package init(in text: String) {
    guard Self.mayHold(text) else {
      (answer, thoughts) = (String(text.trimmed), nil)
      return
    }
    var said = ""
    var thought: [String] = []
    var rest = text[...]
    while let (mark, range) = Self.first(in: rest) {
      let before = String(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
      if !mark.isOpening {
        // "<|end|>" also ends turns of gpt-oss that are not thoughts.
        if Self.marks[mark.pair].closing == "<|end|>" {
          said += before + Self.marks[mark.pair].closing
          continue
        }
        thought.append(said + before)
        said = ""
      } else {
        said += before
        let closing = Self.marks[mark.pair].closing
        if let end = Self.range(of: Array(closing.utf8), in: rest) {
          thought.append(String(rest[..<end.lowerBound]))
          rest = rest[end.upperBound...]
        } else if said.last(where: { $0 != " " })?.isNewline ?? true {
          thought.append(String(rest))
          rest = ""
        } else {
          // An unclosed mark within a line is ordinary text.
          said += text[range]
        }
      }
    }
    said += rest
    if let header = said.range(of: Self.final, last: true) { said = String(said[header.upperBound...]) }
    let words = thought.map { String($0.trimmed) }.filter { !$0.isEmpty }.joined(separator: "\n")
    answer = String(said.trimmed)
    thoughts = words.isEmpty ? nil : words
  }

  private static func first(in text: Substring) -> (mark: Mark, range: Range<String.Index>)? {
    var place = text.startIndex
    while let next = text.utf8[place...].firstIndex(where: beginnings.contains) {
      for mark in all {
        if let end = text.end(of: mark.bytes, at: next) { return (mark, next..<end) }
      }
      place = text.utf8.index(after: next)
    }
    return nil
  }

  private static func range(of bytes: [UInt8], in text: Substring) -> Range<String.Index>? {
    var place = text.startIndex
    while let next = text.utf8[place...].firstIndex(of: bytes[0]) {
      if let end = text.end(of: bytes, at: next) { return next..<end }
      place = text.utf8.index(after: next)
    }
    return nil
  }
}

extension StringProtocol where SubSequence == Substring {
  /// The end of `bytes` at `start`, or nil if the text there differs. Case is ignored in tokens that begin with `<`.
  func end(of bytes: [UInt8], at start: Index) -> Index? {
    let folds = bytes.first == UInt8(ascii: "<")
    var place = start
    for byte in bytes {
      guard place < endIndex else { return nil }
      let own = utf8[place]
      guard own == byte || folds && Self.lowercase(own) == Self.lowercase(byte) else { return nil }
      place = utf8.index(after: place)
    }
    return place
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }

  /// The range of the first or last occurrence of `words`, compared character by character.
  func range(of words: String, last: Bool) -> Range<Index>? {
    let bytes = Array(words.utf8)
    var found: Range<Index>?
    var place = startIndex
    while let first = bytes.first, let next = utf8[place...].firstIndex(of: first) {
      if let end = end(of: bytes, at: next) {
        found = next..<end
        if !last { return found }
      }
      place = utf8.index(after: next)
    }
    return found
  }
}
