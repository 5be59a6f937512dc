import Foundation

/// Reads the score that a judge states in its answer.
///
/// A score that cannot be read for certain is missing, because a wrong score steers and a missing one does not. So the
/// last number of an answer is not taken for a score, no number is clamped, words and ranges ("7 or 8") are not scores,
/// and an answer with two different scores has none.
enum JudgeAnswer {
  /// - Parameter scores: the scale that the judge was given.
  /// - Returns: a number in `scores`, or nil if the answer states none.
  static func score(in answer: String, on scores: ClosedRange<Double>) -> Double? {
    guard let said = afterThoughts(answer) else { return nil }
    let lines = said.split(whereSeparator: \.isNewline).compactMap(plain)
    var stated: [Double?] = []
    /// The index of the last line that was read as part of a statement.
    var read = -1
    for (place, line) in lines.enumerated() {
      for statement in statements(in: line) {
        // A heading has the score on the next line.
        let isHeading = statement.allSatisfy(\.isWhitespace) && place + 1 < lines.count
        let number =
          isHeading ? JudgeNumber(lines[place + 1][...], isWhole: true) : JudgeNumber(statement, isWhole: false)
        stated.append(number.flatMap { $0.value(on: scores) })
        read = isHeading ? place + 1 : place
      }
    }
    // Without other statements, a number on a line of its own is one. Otherwise only the last line is read, since a
    // different number there contradicts the statement.
    let alone = stated.isEmpty ? lines[...] : lines.suffix(read < lines.count - 1 ? 1 : 0)
    let numbers = alone.map { line in JudgeNumber(line[...], isWhole: true).flatMap { $0.value(on: scores) } }
    stated +=
      stated.isEmpty ? numbers.dropLast().filter { $0 != nil } + numbers.suffix(1) : numbers.filter { $0 != nil }
    guard case let value?? = stated.last else { return nil }
    // Sums of decimals may exceed the end of the scale by a rounding error.
    let slack = 1e-6 * (scores.upperBound - scores.lowerBound)
    guard stated.allSatisfy({ $0.map { abs($0 - value) <= slack } ?? true }) else { return nil }
    guard value >= scores.lowerBound - slack, value <= scores.upperBound + slack else { return nil }
    return min(max(value, scores.lowerBound), scores.upperBound)
  }

  /// The text after the thoughts; nil if the answer was cut off within them.
  private static func afterThoughts(_ answer: String) -> Substring? {
    let said = answer.range(of: "</think>", options: .backwards).map { answer[$0.upperBound...] } ?? answer[...]
    return said.contains("<think>") ? nil : said
  }

  /// A line without emphasis; nil for an empty line and for a code fence.
  private static func plain(_ line: Substring) -> [Character]? {
    var scanner = TextScanner(Array(line)[...])
    scanner.skipSpace()
    if scanner.skip(any: "`") >= 3 {
      scanner.skipSpace()
      scanner.skip { $0.isASCII && $0.isLetter }
      scanner.skipSpace()
      if scanner.next == nil { return nil }
    }
    let text = line.replacing("\\boxed", with: "").filter { $0 != "*" && $0 != "`" }
    return text.allSatisfy(\.isWhitespace) ? nil : Array(text)
  }

  /// The text after each "Score:" of a line: at its beginning, after a key `"score":` anywhere in it, and after every
  /// further "Score:".
  private static func statements(in line: [Character]) -> [ArraySlice<Character>] {
    let leading = leadingStatement(in: line)
    // For each statement, the place of the word "Score" and of the text after the mark.
    var found: [(word: Int, text: Int)] = leading.map { [$0] } ?? []
    var place = leading?.text ?? 0
    while place < line.count {
      guard line[place] == "s" || line[place] == "S", place == 0 || !line[place - 1].isWord else {
        place += 1
        continue
      }
      let isQuoted = place > 0 && "\"'".contains(line[place - 1])
      if isQuoted || !found.isEmpty, let text = marked(line[place...], isQuoted: isQuoted) {
        found.append((place, text))
        place = text
      } else {
        place += 1
      }
    }
    return found.indices.map { index in
      line[found[index].text..<(index + 1 < found.count ? found[index + 1].word : line.count)]
    }
  }

  /// The place of the text after `score:`, or nil if the text does not begin with `score:`.
  private static func marked(_ text: ArraySlice<Character>, isQuoted: Bool) -> Int? {
    var scanner = TextScanner(text)
    guard scanner.take("score") else { return nil }
    let closes = scanner.take(any: "\"'") != nil
    guard closes || !isQuoted else { return nil }
    scanner.skipSpace()
    return scanner.take(any: ":=") == nil ? nil : scanner.place
  }

  private static let qualifiers = ["final", "overall", "my", "the", "total", "estimated", "expected"]

  /// A statement such as "- **Final score (0 to 10)**: " at the beginning of the line.
  private static func leadingStatement(in line: [Character]) -> (word: Int, text: Int)? {
    var scanner = TextScanner(line[...])
    scanner.skip { $0.isWhitespace || ">#•-\"'{[(<|".contains($0) }
    // The number of a list item.
    _ = scanner.attempt { scanner -> Bool? in
      guard !scanner.digits().isEmpty, scanner.take(any: ".)") != nil, scanner.skipSpace() > 0 else { return nil }
      return true
    }
    while scanner.attempt({ scanner -> Bool? in
      guard qualifiers.contains(where: { scanner.take($0) }), scanner.skipSpace() > 0 else { return nil }
      return true
    }) != nil {}
    let word = scanner.place
    guard scanner.take("score"), scanner.next.map({ !$0.isWord }) ?? true else { return nil }
    scanner.skip { $0.isWhitespace || "\"'".contains($0) }
    _ = scanner.attempt { scanner -> Bool? in
      guard scanner.take(any: "(") != nil else { return nil }
      scanner.skip { $0 != ")" }
      return scanner.take(any: ")") == nil ? nil : true
    }
    scanner.skipSpace()
    _ = scanner.attempt { scanner -> Bool? in
      if scanner.take(any: "/") == nil {
        guard scanner.take("out"), scanner.skipSpace() > 0, scanner.take("of") else { return nil }
      }
      scanner.skipSpace()
      guard !scanner.digits().isEmpty else { return nil }
      scanner.skipSpace()
      return true
    }
    // "Score 7" is a statement, "Score by part" is not.
    guard takeMark(&scanner) || beginsNumber(scanner) else { return nil }
    return (word, scanner.place)
  }

  private static func takeMark(_ scanner: inout TextScanner) -> Bool {
    if scanner.take(any: ":：=→") != nil { return true }
    return scanner.attempt { scanner -> Bool? in
      guard scanner.take("is") || scanner.take("of") || scanner.take(any: "-–—") != nil else { return nil }
      return scanner.next?.isWhitespace == true ? true : nil
    } ?? false
  }

  private static func beginsNumber(_ scanner: TextScanner) -> Bool {
    var scanner = scanner
    scanner.skipSpace()
    _ = scanner.take(any: "+-−")
    return scanner.next.map { $0.isDigit || $0 == "." } ?? false
  }
}
