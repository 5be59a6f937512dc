/// How characters are written as bytes.
enum Spelling: Hashable, Sendable {
  /// UTF-8.
  case plain
  /// As inside a JSON string: UTF-8, or one of the escapes of RFC 8259, section 7. A surrogate comes in a pair only.
  case json

  /// The byte sequences that spell a member of a set. Each element of a sequence is one byte out of a set of ranges.
  func sequences(_ set: ScalarSet) -> [[[ClosedRange<UInt8>]]] {
    switch self {
    case .plain: Self.utf8(set).map { $0.map { [$0] } }
    case .json:
      Self.utf8(set.subtracting(Self.escapedInJSON)).map { $0.map { [$0] } } + Self.escapes(set)
    }
  }

  /// What JSON allows in a string only as an escape.
  private static let escapedInJSON = ScalarSet([0...0x1F, 0x22...0x22, 0x5C...0x5C])

  /// `\n` and the like: the letter and what it stands for.
  private static let shortEscapes: [(letter: UInt8, scalar: Unicode.Scalar)] = [
    (0x22, "\""), (0x5C, "\\"), (0x2F, "/"), (0x62, "\u{8}"), (0x66, "\u{C}"), (0x6E, "\n"), (0x72, "\r"),
    (0x74, "\t"),
  ]

  private static func escapes(_ set: ScalarSet) -> [[[ClosedRange<UInt8>]]] {
    let backslash: [ClosedRange<UInt8>] = [0x5C...0x5C]
    let unicode: [[ClosedRange<UInt8>]] = [backslash, [0x75...0x75]]
    var found = shortEscapes.filter { set.contains($0.scalar) }.map { [backslash, [$0.letter...$0.letter]] }
    for range in set.intersection(0...0xFFFF).ranges {
      found += hexadecimal(range).map { unicode + $0 }
    }
    for range in set.intersection(0x10000...0x10FFFF).ranges {
      // Two digits of ten bits: the surrogates.
      let offset = range.lowerBound - 0x10000...range.upperBound - 0x10000
      for pair in digits(offset, count: 2, bits: 10) {
        for high in hexadecimal(0xD800 + pair[0].lowerBound...0xD800 + pair[0].upperBound) {
          for low in hexadecimal(0xDC00 + pair[1].lowerBound...0xDC00 + pair[1].upperBound) {
            found.append(unicode + high + unicode + low)
          }
        }
      }
    }
    return found
  }

  /// Four hexadecimal digits in either case.
  private static func hexadecimal(_ range: ClosedRange<UInt32>) -> [[[ClosedRange<UInt8>]]] {
    digits(range, count: 4, bits: 4).map { $0.map(hexadecimalDigits) }
  }

  private static func hexadecimalDigits(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt8>] {
    let (low, high) = (UInt8(range.lowerBound), UInt8(range.upperBound))
    var found: [ClosedRange<UInt8>] = low <= 9 ? [0x30 + low...0x30 + min(high, 9)] : []
    if high >= 10 {
      let letters = max(low, 10) - 10...high - 10
      found.append(0x41 + letters.lowerBound...0x41 + letters.upperBound)
      found.append(0x61 + letters.lowerBound...0x61 + letters.upperBound)
    }
    return found
  }

  private static func utf8(_ set: ScalarSet) -> [[ClosedRange<UInt8>]] {
    /// Scalars of one length, and the bits of their first byte that say so.
    let lengths: [(ClosedRange<UInt32>, count: Int, lead: UInt8)] = [
      (0...0x7F, 1, 0), (0x80...0x7FF, 2, 0xC0), (0x800...0xFFFF, 3, 0xE0), (0x10000...0x10FFFF, 4, 0xF0),
    ]
    return lengths.flatMap { scalars, count, lead in
      set.intersection(scalars).ranges.flatMap { range -> [[ClosedRange<UInt8>]] in
        guard count > 1 else { return [[UInt8(range.lowerBound)...UInt8(range.upperBound)]] }
        return digits(range, count: count, bits: 6).map { sequence in
          sequence.enumerated().map { place, digit in
            let mark: UInt8 = place == 0 ? lead : 0x80
            return mark | UInt8(digit.lowerBound)...mark | UInt8(digit.upperBound)
          }
        }
      }
    }
  }

  /// The numbers of a range as sequences of ranges of digits, the most significant first.
  private static func digits(_ range: ClosedRange<UInt32>, count: Int, bits: UInt32) -> [[ClosedRange<UInt32>]] {
    guard count > 1 else { return [[range]] }
    let shift = bits * UInt32(count - 1)
    let rest = (UInt32(1) << shift) - 1
    let (low, high) = (range.lowerBound, range.upperBound)
    func under(_ digit: UInt32, _ rest: ClosedRange<UInt32>) -> [[ClosedRange<UInt32>]] {
      digits(rest, count: count - 1, bits: bits).map { [digit...digit] + $0 }
    }
    if low >> shift == high >> shift { return under(low >> shift, low & rest...high & rest) }
    var (from, to) = (low >> shift, high >> shift)
    var found: [[ClosedRange<UInt32>]] = []
    if low & rest != 0 {
      found += under(from, low & rest...rest)
      from += 1
    }
    if high & rest != rest {
      found += under(to, 0...high & rest)
      to -= 1
    }
    if from <= to {
      let full = ClosedRange(uncheckedBounds: (UInt32(0), (UInt32(1) << bits) - 1))
      found.append([from...to] + Array(repeating: full, count: count - 1))
    }
    return found
  }
}
