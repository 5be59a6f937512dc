/// A score as judges write it: 7, 8.5, 7,5, 70 %, 7/10, 7 out of 10, with optional quotes, brackets and a remark.
struct JudgeNumber {
  private enum Form {
    case plain
    case percentage
    case fraction(of: Double)
  }

  private let number: Double
  private let form: Form

  /// - Parameters:
  ///   - text: a text that begins with the number.
  ///   - isWhole: requires that nothing follows the number.
  init?(_ text: ArraySlice<Character>, isWhole: Bool) {
    var scanner = TextScanner(text)
    scanner.skip { $0.isWhitespace || "\"'_[({<$~≈:=".contains($0) }
    let sign = scanner.take(any: "+-−–")
    guard let size = Self.decimal(&scanner) else { return nil }
    number = sign == nil || sign == "+" ? size : -size
    scanner.skip(any: "\"'_])}>$")
    if Self.isPercentage(&scanner) {
      form = .percentage
    } else if let whole = Self.whole(&scanner) {
      guard let whole = whole.value, whole > 0 else { return nil }
      form = .fraction(of: whole)
    } else {
      form = .plain
    }
    guard Self.ends(scanner) else { return nil }
    if isWhole {
      scanner.skipSpace()
      if scanner.take("point") { _ = scanner.take("s") }
      scanner.skip { $0.isWhitespace || "\"'_])}>$.!".contains($0) }
      guard scanner.next == nil else { return nil }
    }
  }

  /// The score on a scale; nil if its form does not determine the place on the scale.
  func value(on scores: ClosedRange<Double>) -> Double? {
    switch form {
    case .plain: number
    case .fraction(of: scores.upperBound): number
    // On a scale that does not begin at 0, a share is ambiguous.
    case .fraction(let whole): scores.lowerBound == 0 ? number / whole * scores.upperBound : nil
    case .percentage: scores.lowerBound == 0 ? number / 100 * scores.upperBound : nil
    }
  }

  /// Reads a number with a decimal point or comma. 1,000 is rejected, since it may mean one or a thousand.
  private static func decimal(_ scanner: inout TextScanner) -> Double? {
    let whole = scanner.digits()
    let part = scanner.attempt { scanner -> (mark: Character, digits: ArraySlice<Character>)? in
      guard let mark = scanner.take(any: ".,") else { return nil }
      let digits = scanner.digits()
      return digits.isEmpty ? nil : (mark, digits)
    }
    guard let part else { return whole.isEmpty ? nil : Double(String(whole)) }
    if part.mark == ",", part.digits.count == 3, whole.contains(where: { $0 != "0" }) { return nil }
    return Double("\(whole.isEmpty ? "0" : String(whole)).\(String(part.digits))")
  }

  private static func isPercentage(_ scanner: inout TextScanner) -> Bool {
    scanner.attempt { scanner -> Bool? in
      scanner.skipSpace()
      if scanner.take(any: "%") != nil { return true }
      guard scanner.take("percent") else { return nil }
      return scanner.next.map { $0.isASCII && $0.isLetter } == true ? nil : true
    } ?? false
  }

  /// The denominator of a stated share; its value is nil if it cannot be read as a number.
  private static func whole(_ scanner: inout TextScanner) -> (value: Double?, Void)? {
    scanner.attempt { scanner in
      scanner.skipSpace()
      if scanner.take(any: "/") == nil {
        if scanner.take("out"), scanner.skipSpace() == 0 { return nil }
        guard scanner.take("of"), scanner.skipSpace() > 0 else { return nil }
      }
      scanner.skipSpace()
      scanner.skip(any: "\"'_([")
      guard scanner.next?.isDigit == true else { return nil }
      return (decimal(&scanner), ())
    }
  }

  /// Whether the number ends here: it is not followed by more of a number or word, or by a range.
  private static func ends(_ tail: TextScanner) -> Bool {
    if let next = tail.next, next.isLetter || next.isNumber { return false }
    var longer = tail
    if longer.take(any: ".,:/^'") != nil, longer.next?.isDigit == true { return false }
    var range = tail
    range.skipSpace()
    guard takeRangeMark(&range) else { return true }
    range.skipSpace()
    return range.next?.isDigit != true
  }

  private static func takeRangeMark(_ scanner: inout TextScanner) -> Bool {
    if scanner.take(any: "–—~→±…") != nil { return true }
    if scanner.take("->") || scanner.take("-") || scanner.take("+/-") || scanner.take("+") { return true }
    if scanner.take("..") {
      scanner.skip(any: ".")
      return true
    }
    return (scanner.take("to") || scanner.take("or")) && scanner.skipSpace() > 0
  }
}
