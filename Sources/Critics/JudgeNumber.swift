/// A score as judges write it: 7, 8.5, 7,5, 70 %, 7/10, 7 out of 10, with quotes, brackets and a remark around it.
struct JudgeNumber {
  private enum Form {
    case plain
    case percentage
    case fraction(of: Double)
  }

  private let number: Double
  private let form: Form

  /// - Parameters:
  ///   - text: begins with the number.
  ///   - isWhole: nothing may follow it.
  init?(_ text: String, isWhole: Bool) {
    let pattern =
      /[\s"'_\[({<$~≈:=]*(?<sign>[+\-−–]?)(?<digits>[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)["'_\])}>$]*(?<tail>.*)/
    guard let match = text.wholeMatch(of: pattern), let size = Self.decimal(match.output.digits) else { return nil }
    number = match.output.sign.isEmpty || match.output.sign == "+" ? size : -size
    var tail = match.output.tail
    if let unit = tail.prefixMatch(of: /\s*(?:%|percent(?![A-Za-z]))/) {
      form = .percentage
      tail = tail[unit.range.upperBound...]
    } else if let part = tail.prefixMatch(of: /\s*(?:\/|out\s+of\s|of\s)\s*["'_(\[]*([0-9]+(?:[.,][0-9]+)?)/) {
      guard let whole = Self.decimal(part.output.1), whole > 0 else { return nil }
      form = .fraction(of: whole)
      tail = tail[part.range.upperBound...]
    } else {
      form = .plain
    }
    guard Self.ends(tail) else { return nil }
    if isWhole, tail.wholeMatch(of: /\s*(?:points?)?[\s"'_\])}>$.!]*/) == nil { return nil }
  }

  /// On a scale; nil where the form does not say where on it.
  func value(on scores: ClosedRange<Double>) -> Double? {
    switch form {
    case .plain: number
    case .fraction(of: scores.upperBound): number
    // A share of a scale that does not begin at 0 may be meant in two ways.
    case .fraction(let whole): scores.lowerBound == 0 ? number / whole * scores.upperBound : nil
    case .percentage: scores.lowerBound == 0 ? number / 100 * scores.upperBound : nil
    }
  }

  /// With a point or a comma. 1,000 may be one or a thousand, and is neither.
  private static func decimal(_ digits: Substring) -> Double? {
    if digits.wholeMatch(of: /[0-9]*[1-9][0-9]*,[0-9]{3}/) != nil { return nil }
    let text = digits.replacing(",", with: ".")
    return Double(text.hasPrefix(".") ? "0" + text : text)
  }

  /// Whether the number ends there: neither a longer number or word, nor a range, nor another score on the same line.
  private static func ends(_ tail: Substring) -> Bool {
    if let next = tail.first, next.isLetter || next.isNumber { return false }
    if tail.prefixMatch(of: /[.,:\/^'][0-9]/) != nil { return false }
    if tail.prefixMatch(of: /\s*(?:->?|[–—~→±…+]|\+\/-|\.\.+|to\s|or\s)\s*[0-9]/) != nil { return false }
    return tail.firstMatch(of: /(?i)score["']?\s*[:=]/) == nil
  }
}
