/// A regular expression over characters, read.
indirect enum Pattern: Sendable {
  /// One character of a set.
  case one(of: ScalarSet)
  /// One after the other; without elements the empty text.
  case sequence([Pattern])
  /// One of them.
  case choice([Pattern])
  /// Several times; without limit if `atMost` is nil.
  case repeated(Pattern, atLeast: Int, atMost: Int?)
  /// Holds before the first character only: `^`.
  case start
  /// Holds after the last character only: `$`.
  case end

  static let empty = Pattern.sequence([])
  /// Any text.
  static let anything = Pattern.repeated(.one(of: .all), atLeast: 0, atMost: nil)

  /// The characters of a text in order.
  static func text(_ text: String) -> Pattern { .sequence(text.unicodeScalars.map { .one(of: ScalarSet($0)) }) }
}
