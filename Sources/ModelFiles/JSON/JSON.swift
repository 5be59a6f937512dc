import Foundation

/// A JSON value. Objects keep the order of their members and duplicate keys, which a hostile file may have. Callers
/// compare keys themselves: Swift's `String` treats canonically equivalent tokens as equal, but a vocabulary does not.
enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(key: String, value: JSON)])

  /// The last member with this name; nil if it is missing or null, or if the value is not an object.
  subscript(key: String) -> JSON? {
    guard case .object(let members) = self, let value = members.last(where: { $0.key == key })?.value else {
      return nil
    }
    if case .null = value { return nil }
    return value
  }

  var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// The number if its value is whole, in any notation.
  var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  var array: [JSON]? {
    if case .array(let values) = self { return values }
    return nil
  }

  var object: [(key: String, value: JSON)]? {
    if case .object(let members) = self { return members }
    return nil
  }

  /// The type of the value in words, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a truth value"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension JSON {
  /// The longest file that is parsed, in bytes. The largest known tokenizer.json has about 35 million.
  static let longestFile = 1 << 26

  init(contentsOf path: String) throws(ModelFileError) {
    let data = try MappedFile.open(path, limit: JSON.longestFile)
    self = try data.withBytes { bytes throws(ModelFileError) in try JSON(parsing: bytes, path: path) }
  }

  /// - Parameter path: the file that the bytes come from, for messages.
  init(parsing bytes: UnsafeRawBufferPointer, path: String) throws(ModelFileError) {
    var parser = JSONParser(bytes: bytes, path: path)
    self = try parser.document()
  }
}
