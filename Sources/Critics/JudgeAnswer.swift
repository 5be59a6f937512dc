import Foundation

/// Reads the score that a judge states in its answer.
///
/// What cannot be read for certain is missing: a wrong score steers, a missing one does not. So no number is taken for a score
/// because it is the last one, none is clamped, and words and ranges ("7 or 8") are none.
enum JudgeAnswer {
  /// - Parameter scores: the scale that the judge was given.
  /// - Returns: a number in `scores`, or nil where the answer states none.
  static func score(in answer: String, on scores: ClosedRange<Double>) -> Double? {
    guard let said = afterThoughts(answer) else { return nil }
    let lines = said.split(whereSeparator: \.isNewline).compactMap(plain)
    var stated: (text: String, isWhole: Bool)?
    for (place, line) in lines.enumerated() {
      guard let rest = statement(in: line) else { continue }
      // A heading, with the score below it.
      let isHeading = rest.allSatisfy(\.isWhitespace) && place + 1 < lines.count
      stated = isHeading ? (lines[place + 1], true) : (rest, false)
    }
    guard let stated = stated ?? lines.last.map({ ($0, true) }),
      let value = JudgeNumber(stated.text, isWhole: stated.isWhole)?.value(on: scores)
    else { return nil }
    // Sums of decimals may pass the end of the scale by their last digit.
    let slack = 1e-6 * (scores.upperBound - scores.lowerBound)
    guard value >= scores.lowerBound - slack, value <= scores.upperBound + slack else { return nil }
    return min(max(value, scores.lowerBound), scores.upperBound)
  }

  /// What follows the thoughts; nil where the answer was cut off in them.
  private static func afterThoughts(_ answer: String) -> Substring? {
    let said = answer.range(of: "</think>", options: .backwards).map { answer[$0.upperBound...] } ?? answer[...]
    return said.contains("<think>") ? nil : said
  }

  /// A line without emphasis; nil for an empty one and for the mark of a code block.
  private static func plain(_ line: Substring) -> String? {
    if line.wholeMatch(of: /\s*`{3,}\s*[A-Za-z]*\s*/) != nil { return nil }
    let text = line.replacing("\\boxed", with: "").filter { $0 != "*" && $0 != "`" }
    return text.allSatisfy(\.isWhitespace) ? nil : text
  }

  /// What follows "Score:" at the beginning of a line, or the key `"score":` anywhere in it; nil where the line has neither.
  private static func statement(in line: String) -> String? {
    if let key = line.matches(of: /(?i)["']score["']\s*[:=]/).last { return String(line[key.range.upperBound...]) }
    let pattern =
      /(?i)[\s>#•\-"'{\[(<|]*(?:[0-9]+[.)]\s+)?(?:(?:final|overall|my|the|total|estimated|expected)\s+)*score(?![A-Za-z0-9])["'\s]*(?:\([^)]*\))?\s*(?:(?:out\s+of|\/)\s*[0-9]+\s*)?(?<mark>[:：=→]|is(?=\s)|of(?=\s)|[\-–—](?=\s))?(?<rest>.*)/
    guard let match = line.wholeMatch(of: pattern) else { return nil }
    let rest = match.output.rest
    // "Score by part" is no statement, "Score 7" is one.
    guard match.output.mark != nil || rest.prefixMatch(of: /\s*[+\-−]?[0-9.]/) != nil else { return nil }
    return String(rest)
  }
}
