/// Reads a text scalar by scalar.
struct Scanner {
  let scalars: [Unicode.Scalar]
  /// The number of scalars that were read.
  var place = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  var current: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  func ahead(_ count: Int) -> Unicode.Scalar? { place + count < scalars.count ? scalars[place + count] : nil }

  /// Reads a text if it comes next.
  mutating func take(_ text: String) -> Bool {
    var end = place
    for scalar in text.unicodeScalars {
      guard end < scalars.count, scalars[end] == scalar else { return false }
      end += 1
    }
    place = end
    return true
  }

  /// Reads scalars as long as a condition holds.
  mutating func take(while condition: (Unicode.Scalar) -> Bool) -> String {
    let first = place
    while let current, condition(current) { place += 1 }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[first..<place])
    return String(text)
  }

  /// Reads so many hexadecimal digits; nil if there are fewer.
  mutating func takeHexadecimal(_ count: Int) -> UInt32? {
    guard place + count <= scalars.count else { return nil }
    var value: UInt32 = 0
    for scalar in scalars[place..<place + count] {
      guard scalar.isASCII, let digit = Character(scalar).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    place += count
    return value
  }

  /// Reads a decimal number; nil if there is none. Numbers beyond 10⁹ are read as 10⁹.
  mutating func takeNumber() -> Int? {
    let digits = take { ("0"..."9").contains($0) }
    guard !digits.isEmpty else { return nil }
    return min(Int(digits) ?? 1_000_000_000, 1_000_000_000)
  }
}
