/// Reads one JSON value from bytes. Also accepts Python's `NaN` and `Infinity`, which occur in some product files.
struct JSONReader {
  private let bytes: ArraySlice<UInt8>
  private var place: Int
  private var depth = 0

  /// Deeper than any product file, and shallow enough for the stack.
  private static let deepest = 64

  static func value(of bytes: ArraySlice<UInt8>) throws(ProductJSON.Malformed) -> ProductJSON {
    var reader = JSONReader(bytes: bytes, place: bytes.startIndex)
    let value = try reader.value()
    reader.skipSpace()
    guard reader.place == bytes.endIndex else { throw reader.malformed("something follows the value") }
    return value
  }

  private var current: UInt8? { place < bytes.endIndex ? bytes[place] : nil }

  private func malformed(_ reason: String) -> ProductJSON.Malformed {
    ProductJSON.Malformed(reason: "\(reason), at byte \(place - bytes.startIndex) of the entry")
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || (0x09...0x0d).contains(byte) { place += 1 }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard current == byte else { return false }
    place += 1
    return true
  }

  private mutating func value() throws(ProductJSON.Malformed) -> ProductJSON {
    skipSpace()
    switch current {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return try nested { reader throws(ProductJSON.Malformed) in try reader.object() }
    case UInt8(ascii: "["): return try nested { reader throws(ProductJSON.Malformed) in try reader.array() }
    case nil: throw malformed("the text ends where a value is expected")
    default: return try word()
    }
  }

  private mutating func nested(
    _ body: (inout JSONReader) throws(ProductJSON.Malformed) -> ProductJSON
  ) throws(ProductJSON.Malformed) -> ProductJSON {
    guard depth < Self.deepest else { throw malformed("values are nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    place += 1
    return try body(&self)
  }

  private mutating func object() throws(ProductJSON.Malformed) -> ProductJSON {
    var members: [(key: String, value: ProductJSON)] = []
    if skip(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw malformed("a key is not a string") }
      let key = try string()
      guard skip(UInt8(ascii: ":")) else { throw malformed("a colon is missing") }
      members.append((key, try value()))
    } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "}")) else { throw malformed("an object is not closed") }
    return .object(members)
  }

  private mutating func array() throws(ProductJSON.Malformed) -> ProductJSON {
    var values: [ProductJSON] = []
    if skip(UInt8(ascii: "]")) { return .array(values) }
    repeat { values.append(try value()) } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "]")) else { throw malformed("an array is not closed") }
    return .array(values)
  }

  /// Reads a number or a literal.
  private mutating func word() throws(ProductJSON.Malformed) -> ProductJSON {
    let start = place
    while let byte = current, !Self.ends.contains(byte) { place += 1 }
    let word = String(decoding: bytes[start..<place], as: UTF8.self)
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default:
      guard let number = Double(word) else { throw malformed("\"\(word.clipped(to: 20))\" is not a value") }
      return .number(number)
    }
  }

  private static let ends = Set(" \t\r\n,]}:[{\"".utf8)

  private mutating func string() throws(ProductJSON.Malformed) -> String {
    place += 1
    var decoded: [UInt8] = []
    var start = place
    while let byte = current {
      if byte == UInt8(ascii: "\"") {
        decoded += bytes[start..<place]
        place += 1
        return String(decoding: decoded, as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") {
        decoded += bytes[start..<place]
        place += 1
        decoded += Array(String(Character(try escape())).utf8)
        start = place
      } else {
        place += 1
      }
    }
    throw malformed("a string is not closed")
  }

  private mutating func escape() throws(ProductJSON.Malformed) -> Unicode.Scalar {
    guard let byte = current else { throw malformed("a string is not closed") }
    place += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "u"):
      let unit = try hexadecimal()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // The first half of a surrogate pair must be followed by the second; otherwise the text is damaged.
      let rest = bytes[place...].prefix(2)
      guard unit < 0xdc00, rest.elementsEqual(Array("\\u".utf8)) else { return "\u{fffd}" }
      place += 2
      let low = try hexadecimal()
      guard (0xdc00...0xdfff).contains(low) else { return "\u{fffd}" }
      return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)) ?? "\u{fffd}"
    default: return Unicode.Scalar(byte)
    }
  }

  private mutating func hexadecimal() throws(ProductJSON.Malformed) -> UInt32 {
    let digits = bytes[place...].prefix(4)
    guard digits.count == 4, let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
      throw malformed("four hexadecimal digits are missing")
    }
    place += 4
    return unit
  }
}
