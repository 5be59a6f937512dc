extension RegexReader {
  private static let digits = ScalarSet([0x30...0x39])
  private static let words = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  private static let spaces = ScalarSet([0x09...0x0D, 0x20...0x20])

  /// Reads what begins with a backslash, outside of a class.
  mutating func escape() throws(Refusal) -> Pattern {
    let place = scanner.place
    guard let letter = scanner.ahead(1) else {
      throw refused("the expression ends in a backslash", #"write \\ for the character"#)
    }
    let boundary = "a word boundary, \\\(letter), is not supported"
    switch letter {
    case "A":
      scanner.place += 2
      return .start
    case "Z", "z":
      scanner.place += 2
      return .end
    case "b", "B": throw refused(boundary, "write the characters that may stand beside the word", at: place)
    case "1"..."9", "k", "g":
      throw refused(
        "a back reference, \\\(letter), is not supported", "a regular language has no memory of what was read")
    default: return .one(of: try escapedCharacters())
    }
  }

  /// Reads an escape that stands for one or several characters.
  private mutating func escapedCharacters() throws(Refusal) -> ScalarSet {
    let place = scanner.place
    scanner.place += 1
    guard let letter = scanner.current else { throw refused("the expression ends in a backslash", #"write \\"#) }
    scanner.place += 1
    switch letter {
    case "d": return Self.digits
    case "D": return Self.digits.inverted
    case "w": return Self.words
    case "W": return Self.words.inverted
    case "s": return Self.spaces
    case "S": return Self.spaces.inverted
    case "t": return ScalarSet("\t")
    case "n": return ScalarSet("\n")
    case "r": return ScalarSet("\r")
    case "f": return ScalarSet("\u{C}")
    case "v": return ScalarSet("\u{B}")
    case "0":
      if let next = scanner.current, ("0"..."9").contains(next) {
        throw refused("octal escapes are not supported", #"write \xNN"#, at: place)
      }
      return ScalarSet("\u{0}")
    case "x": return ScalarSet(try coded(2, at: place))
    case "u": return ScalarSet(try coded(4, at: place))
    case "U": return ScalarSet(try coded(8, at: place))
    case "p", "P":
      throw refused("Unicode properties, \\\(letter), are not supported", "write ranges of characters", at: place)
    default:
      if letter.properties.isAlphabetic || ("0"..."9").contains(letter) {
        throw refused("the escape \\\(letter) is not supported", "write the character itself, or \\uNNNN", at: place)
      }
      return ScalarSet(letter)
    }
  }

  /// Reads the digits of `\x`, `\u` and `\U`, or a number in braces.
  private mutating func coded(_ count: Int, at place: Int) throws(Refusal) -> Unicode.Scalar {
    var value: UInt32?
    if count < 8, scanner.take("{") {
      let digits = scanner.take { $0.properties.isASCIIHexDigit }
      value = digits.utf8.count <= 6 ? UInt32(digits, radix: 16) : nil
      if !scanner.take("}") { value = nil }
    } else {
      value = scanner.takeHexadecimal(count)
    }
    // Two escapes of four digits may be a pair of surrogates.
    if count == 4, let high = value, (0xD800..<0xDC00).contains(high), scanner.take("\\u") {
      value = scanner.takeHexadecimal(4).flatMap { low in
        (0xDC00..<0xE000).contains(low) ? 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00) : nil
      }
    }
    guard let value, let scalar = Unicode.Scalar(value) else {
      throw refused("an escape does not name a Unicode character", #"write \xNN, \uNNNN or \UNNNNNNNN"#, at: place)
    }
    return scalar
  }

  /// Reads a class, such as `[a-z_]`.
  mutating func characterClass() throws(Refusal) -> ScalarSet {
    let place = scanner.place
    scanner.place += 1
    let isInverted = scanner.take("^")
    if scanner.current == "]" {
      throw refused("dialects read an empty class differently", #"write \] for the character"#, at: place)
    }
    var members: [ClosedRange<UInt32>] = []
    while let next = scanner.current, next != "]" {
      if next == "[", let mark = scanner.ahead(1), mark == ":" || mark == "." || mark == "=" {
        throw refused("POSIX classes, [\(mark)…\(mark)], are not supported", "write ranges of characters")
      }
      let start = scanner.place
      let low = try member()
      guard scanner.current == "-", let after = scanner.ahead(1), after != "]" else {
        members += low.ranges
        continue
      }
      scanner.place += 1
      let high = try member()
      guard let from = low.only, let to = high.only else {
        throw refused("a range of characters begins or ends with a set", #"write \- for the character"#, at: start)
      }
      guard from <= to else {
        throw refused("a range of characters is in reverse order", "put the smaller character first", at: start)
      }
      members.append(from...to)
    }
    guard scanner.take("]") else { throw refused("a class is not closed", "add the closing bracket", at: place) }
    let set = ScalarSet(members)
    return isInverted ? set.inverted : set
  }

  private mutating func member() throws(Refusal) -> ScalarSet {
    guard let next = scanner.current else { return ScalarSet([]) }
    guard next == "\\" else {
      scanner.place += 1
      return ScalarSet(next)
    }
    if scanner.ahead(1) == "b" {
      scanner.place += 2
      return ScalarSet("\u{8}")
    }
    return try escapedCharacters()
  }
}

extension ScalarSet {
  /// The member if there is exactly one.
  fileprivate var only: UInt32? {
    ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil
  }
}
