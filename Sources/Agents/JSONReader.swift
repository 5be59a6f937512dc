/// Reads JSON (RFC 8259) into an ``OrderedJSON`` and keeps every number's digits. The first of two equal keys counts.
struct JSONReader {
  /// The text is not JSON or is nested too deeply.
  struct Malformed: Error {}

  /// Bounds recursion, because a thread's stack is finite. Foundation has the same bound.
  private static let deepest = 512

  private let bytes: UnsafeBufferPointer<UInt8>
  private var place = 0
  private var depth = 0

  static func value(of text: String) throws(Malformed) -> JSONValue { JSONValue(try ordered(text)) }

  /// The value with the members of objects in the order of the text.
  static func ordered(_ text: String) throws(Malformed) -> OrderedJSON {
    var text = text
    let result: Result<OrderedJSON, Malformed> = text.withUTF8 { bytes in
      do throws(Malformed) {
        var reader = JSONReader(bytes: bytes)
        return .success(try reader.document())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func document() throws(Malformed) -> OrderedJSON {
    let value = try value()
    skipSpace()
    guard place == bytes.count else { throw Malformed() }
    return value
  }

  private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func value() throws(Malformed) -> OrderedJSON {
    skipSpace()
    guard let byte = current else { throw Malformed() }
    switch byte {
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < Self.deepest else { throw Malformed() }
      depth += 1
      defer { depth -= 1 }
      place += 1
      return byte == UInt8(ascii: "{") ? .object(try members()) : .list(try elements())
    default: return try word()
    }
  }

  private mutating func members() throws(Malformed) -> [OrderedJSON.Member] {
    var members: [OrderedJSON.Member] = []
    var keys: Set<String> = []
    if skip("}") { return members }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw Malformed() }
      let key = try string()
      guard skip(":") else { throw Malformed() }
      let value = try value()
      if keys.insert(key).inserted { members.append(OrderedJSON.Member(key, value)) }
    } while skip(",")
    guard skip("}") else { throw Malformed() }
    return members
  }

  private mutating func elements() throws(Malformed) -> [OrderedJSON] {
    var elements: [OrderedJSON] = []
    if skip("]") { return elements }
    repeat { elements.append(try value()) } while skip(",")
    guard skip("]") else { throw Malformed() }
    return elements
  }

  /// A number, or one of the literals `null`, `true` and `false`.
  private mutating func word() throws(Malformed) -> OrderedJSON {
    let start = place
    while let byte = current, !Self.ends.contains(byte) { place += 1 }
    let word = String(decoding: bytes[start..<place], as: UTF8.self)
    switch word {
    case "null": return .null
    case "true": return .flag(true)
    case "false": return .flag(false)
    default:
      guard let number = JSONNumber(word) else { throw Malformed() }
      return .number(number)
    }
  }

  private static let ends = Array(" \t\r\n,]}:[{\"".utf8)

  private mutating func string() throws(Malformed) -> String {
    place += 1
    var decoded: [UInt8] = []
    var start = place
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        decoded += bytes[start..<place]
        place += 1
        return String(decoding: decoded, as: UTF8.self)
      case UInt8(ascii: "\\"):
        decoded += bytes[start..<place]
        place += 1
        decoded += Array(String(Character(try escape())).utf8)
        start = place
      case 0..<0x20: throw Malformed()
      default: place += 1
      }
    }
    throw Malformed()
  }

  private mutating func escape() throws(Malformed) -> Unicode.Scalar {
    guard let byte = current else { throw Malformed() }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw Malformed()
    }
    let unit = try unit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // A high surrogate, which a low surrogate must follow.
    guard unit < 0xDC00, place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
      bytes[place + 1] == UInt8(ascii: "u")
    else { throw Malformed() }
    place += 2
    let low = try self.unit()
    guard (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw Malformed() }
    return scalar
  }

  /// Four hexadecimal digits.
  private mutating func unit() throws(Malformed) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw Malformed() }
      unit = unit << 4 | UInt32(digit)
      place += 1
    }
    return unit
  }
}
