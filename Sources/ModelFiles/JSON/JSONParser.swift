import Foundation

/// A parser of JSON (RFC 8259) for untrusted files, with bounds on depth and size. It is lenient only in the notation
/// of numbers.
struct JSONParser {
  /// Bounds recursion, because a thread's stack is finite.
  static let deepest = 64
  /// The most values in one document. It bounds memory to a few hundred million bytes.
  static let mostValues = 1 << 22

  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var position = 0
  private var values = 0

  init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  mutating func document() throws(ModelFileError) -> JSON {
    // A byte-order mark is not JSON, but some editors write one.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("something follows the end of the document") }
    return value
  }

  private mutating func value(depth: Int) throws(ModelFileError) -> JSON {
    guard depth < JSONParser.deepest else { throw error("nested more than \(JSONParser.deepest) deep") }
    values += 1
    guard values <= JSONParser.mostValues else { throw error("more than \(JSONParser.mostValues) values") }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return .object(try members(depth: depth))
    case UInt8(ascii: "["): return .array(try elements(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"): return try number()
    case .some(let byte) where UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9"): return try number()
    case nil: throw error("the document ends too early")
    default: throw error("no value begins like this")
    }
  }

  private mutating func members(depth: Int) throws(ModelFileError) -> [(key: String, value: JSON)] {
    position += 1
    var members: [(key: String, value: JSON)] = []
    skipSpace()
    if take("}") { return members }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw error("a member's name must be a string") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw error("a colon is missing") }
      members.append((key, try value(depth: depth + 1)))
      skipSpace()
    } while take(",")
    guard take("}") else { throw error("a comma or a closing brace is missing") }
    return members
  }

  private mutating func elements(depth: Int) throws(ModelFileError) -> [JSON] {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return elements }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw error("a comma or a closing bracket is missing") }
    return elements
  }

  private mutating func word(_ word: String, _ value: JSON) throws(ModelFileError) -> JSON {
    let end = position + word.utf8.count
    guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8) else {
      throw error("no value begins like this")
    }
    position = end
    return value
  }

  private mutating func number() throws(ModelFileError) -> JSON {
    let start = position
    while let byte = peek, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let integer = Int(text), !text.hasPrefix("+") { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      position = start
      throw error("not a number")
    }
    return .number(number)
  }

  private mutating func string() throws(ModelFileError) -> String {
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    if peek == UInt8(ascii: "\"") {
      guard let string = String(validating: bytes[start..<position], as: UTF8.self) else {
        throw error("a string is not UTF-8")
      }
      position += 1
      return string
    }
    return try escapedString(from: start)
  }

  /// Reads the rest of a string with escapes. `start` is its first byte; everything before the first escape has been
  /// read.
  private mutating func escapedString(from start: Int) throws(ModelFileError) -> String {
    var text = Array(bytes[start..<position])
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("a string is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): text.append(contentsOf: Character(try escape()).utf8)
      case 0..<0x20: throw error("a control character in a string")
      default: text.append(byte)
      }
    }
    throw error("a string does not end")
  }

  private mutating func escape() throws(ModelFileError) -> Unicode.Scalar {
    guard let byte = peek else { throw error("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw error("no escape begins like this")
    }
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // A surrogate is valid only as part of a pair.
    guard take("\\"), take("u") else { throw error("half of a surrogate pair") }
    let low = try hexadecimal()
    guard (0xD800..<0xDC00).contains(unit), (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw error("half of a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(ModelFileError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("an escape needs four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = peek, UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func error(_ problem: String) -> ModelFileError {
    ModelFileError(.malformed, path, "Not valid JSON: \(problem), at byte \(position).")
  }
}
