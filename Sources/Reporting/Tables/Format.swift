import Foundation

/// Formats numbers for readers, independently of the locale.
package enum Format {
  /// A number with this many decimals and a true minus sign; "–" for NaN.
  ///
  /// - Parameter signed: whether positive numbers get a plus sign.
  package static func number(_ value: Double, digits: Int = 3, signed: Bool = false) -> String {
    if value.isNaN { return "–" }
    let magnitude = value.isInfinite ? "∞" : decimal(abs(value), digits: digits)
    // A number that rounds to zero has no sign.
    if magnitude.allSatisfy({ $0 == "0" || $0 == "." }) { return magnitude }
    return (value < 0 ? "−" : signed ? "+" : "") + magnitude
  }

  /// The shortest exact form of a number: 0.1, 12, 1.5.
  package static func short(_ value: Double) -> String {
    guard value.isFinite else { return number(value) }
    let text = String(abs(value))
    return (value < 0 ? "−" : "") + (text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
  }

  /// 12,345.
  package static func count(_ value: Int) -> String {
    (value < 0 ? "−" : "") + grouped(String(value.magnitude))
  }

  /// "≈" for figures that include estimated tokens, otherwise an empty string.
  package static func about(_ estimatedTokens: Int?) -> String { estimatedTokens ?? 0 > 0 ? "≈" : "" }

  /// An amount in the user's currency, with at least two decimals and at least two significant digits: 12.30, 0.0012.
  package static func money(_ amount: Double) -> String {
    guard amount.isFinite else { return number(amount) }
    guard amount != 0 else { return "0" }
    let leading = Int(log10(abs(amount)).rounded(.down))
    let text = number(amount, digits: min(max(2, 1 - leading), 12))
    guard let point = text.firstIndex(of: ".") else { return text }
    let sign = text.hasPrefix("−") ? "−" : ""
    return sign + grouped(String(text[..<point].dropFirst(sign.count))) + text[point...]
  }

  /// 42 ms, 1.2 s, 12 s, 3 min 05 s, 1 h 02 min.
  package static func duration(seconds: Double) -> String {
    guard seconds >= 0, seconds < 1e12 else { return "–" }
    if seconds == 0 { return "0 s" }
    if seconds < 0.0995 { return "\(Int((seconds * 1_000).rounded())) ms" }
    if seconds < 9.95 { return "\(number(seconds, digits: 1)) s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3_600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
    let minutes = Int((seconds / 60).rounded())
    return "\(count(minutes / 60)) h \(twoDigits(minutes % 60)) min"
  }

  private static func decimal(_ value: Double, digits: Int) -> String {
    value < 1e15 ? String(format: "%.\(digits)f", value) : String(format: "%.3e", value)
  }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// A comma between every three digits.
  private static func grouped(_ digits: String) -> String {
    var result = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place).isMultiple(of: 3) { result.append(",") }
      result.append(digit)
    }
    return result
  }
}
