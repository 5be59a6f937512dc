/// A word that introduces a part of an answer: `Action:`, `**Thought 2:**`, `### Observation`.
struct AnswerMarker {
  enum Kind { case action, thought, observation }

  let kind: Kind
  /// Where the marker begins, decoration included.
  let start: String.Index
  /// Where the introduced text begins.
  let end: String.Index
  /// The decoration that closes after the introduced text, such as the bracket of `[Action: look]`.
  let closing: String
  /// Whether the marker stands alone on its line, without a colon.
  let isHeading: Bool

  private static let kinds: [String: Kind] = [
    "action": .action, "thought": .thought, "thoughts": .thought, "reasoning": .thought, "observation": .observation,
    "observations": .observation,
  ]
  private static let qualifiers: Set<String> = ["next", "final", "chosen", "selected", "my"]
  private static let colons: Set<Character> = [":", "：", "﹕", "︰", "→", "="]
  /// The length of the longest word above.
  private static let longest = 12

  /// The marker at the beginning of a line, with any decoration, number and case; nil if the line begins with no
  /// marker.
  init?(line: Substring) {
    var rest = line
    var lead = Self.decoration(&rest)
    // The number in a list of steps.
    let number = rest.prefix { $0.isASCII && $0.isNumber }
    if !number.isEmpty {
      rest = rest[number.endIndex...]
      guard let after = rest.first, after == "." || after == ")" || after == ":" else { return nil }
      lead = Self.decoration(&rest)
    }
    guard lead.last != "/" else { return nil }
    var word = Self.word(&rest)
    while Self.qualifiers.contains(word) || word == "step" {
      let isStep = word == "step"
      var next = rest.drop { $0 == " " }
      if isStep {
        let number = next.prefix { $0.isASCII && $0.isNumber }
        guard !number.isEmpty else { return nil }
        next = next[number.endIndex...]
        lead = Self.decoration(&next)
      }
      rest = next
      word = Self.word(&rest)
    }
    guard let kind = Self.kinds[word] else { return nil }
    Self.skipNumber(&rest)
    let wrapping = lead.reversed().prefix { Decoration.characters.contains($0) }.reversed()
    let between = rest.prefix { $0 == " " || $0 == "\t" || Decoration.characters.contains($0) }
    var (isClosed, isHeading) = (between.contains { $0 != " " && $0 != "\t" }, false)
    rest = rest[between.endIndex...]
    if rest.hasPrefix("->") || rest.hasPrefix("=>") {
      rest = rest.dropFirst(2)
    } else if let first = rest.first, Self.colons.contains(first) {
      rest = rest.dropFirst()
    } else {
      // A heading, or a tag.
      let isTag = wrapping.last == "<" && between.first == ">" || wrapping.last == "[" && between.first == "]"
      guard rest.isEmpty || isTag else { return nil }
      isHeading = !isTag
      if isTag, !rest.isEmpty { rest = line[line.index(after: between.startIndex)...] }
    }
    let closing = Decoration.closing(of: String(wrapping))
    if !isClosed, !closing.isEmpty {
      // The decoration closes in "**Action:** look". In "**Action: ** look" it closes only if the number of closing
      // marks is odd. An even number forms pairs around the action.
      let spaced = rest.drop { $0 == " " }
      if rest.hasPrefix(closing) || spaced.hasPrefix(closing) && !spaced.count(of: closing).isMultiple(of: 2) {
        rest = spaced.dropFirst(closing.count)
        isClosed = true
      }
    }
    self.kind = kind
    start = line.startIndex
    end = rest.startIndex
    self.closing = isClosed ? "" : closing
    self.isHeading = isHeading
  }

  /// Removes and returns the leading characters that are neither letters nor digits.
  private static func decoration(_ rest: inout Substring) -> Substring {
    let lead = rest.prefix { !$0.isLetter && !$0.isNumber }
    rest = rest[lead.endIndex...]
    return lead
  }

  private static func word(_ rest: inout Substring) -> String {
    let word = rest.prefix(longest + 1).prefix { $0.isLetter }
    rest = rest[word.endIndex...]
    return word.lowercased()
  }

  /// Skips "1", "#1", "[1]" or "(1)" at the beginning.
  private static func skipNumber(_ rest: inout Substring) {
    var next = rest.drop { $0 == " " }
    let opening = next.first.flatMap { "#[(".contains($0) ? $0 : nil }
    if opening != nil { next = next.dropFirst() }
    let number = next.prefix { $0.isASCII && $0.isNumber }
    guard !number.isEmpty else { return }
    next = next[number.endIndex...]
    if opening == "[" || opening == "(" {
      guard next.first == "]" || next.first == ")" else { return }
      next = next.dropFirst()
    }
    rest = next
  }
}

extension AnswerMarker {
  /// The first marker of these kinds at any place in a text. It has to be capitalised or wrapped in decoration, since
  /// words such as "the action: look" are part of a sentence.
  ///
  /// - Parameter afterSentence: accepts a marker without decoration only after the end of a sentence.
  init?(within text: Substring, kinds: Set<Kind>, afterSentence: Bool) {
    // Text in quotation marks or brackets within an action is part of the action.
    let wrapping = afterSentence ? Decoration.characters : ["*", "_", "`"]
    var place = text.startIndex
    while let letter = text[place...].firstIndex(where: { "AaTtRrOo".contains($0) }) {
      place = text.index(after: letter)
      var start = letter
      while start > text.startIndex, wrapping.contains(text[text.index(before: start)]) {
        start = text.index(before: start)
      }
      let isWrapped = start < letter
      guard isWrapped || text[letter].isUppercase,
        isWrapped || start == text.startIndex || text[text.index(before: start)].isWhitespace
      else { continue }
      if afterSentence, !isWrapped, let before = text[..<start].last(where: { !$0.isWhitespace }),
        before.isLetter || before.isNumber || before == ","
      {
        continue
      }
      // A marker is short. The bound keeps the scan of a long line linear.
      let end = text.index(letter, offsetBy: 64, limitedBy: text.endIndex) ?? text.endIndex
      let line = text[start..<end].prefix { !$0.isNewline }
      guard let marker = AnswerMarker(line: line), kinds.contains(marker.kind), !marker.isHeading else { continue }
      self = marker
      return
    }
    return nil
  }
}

extension Substring {
  /// The number of occurrences of `words`.
  fileprivate func count(of words: String) -> Int {
    var (count, rest) = (0, self[...])
    while let range = rest.range(of: words, last: false) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
