import Foundation

/// A JSON value, as sent by a program or a server, or given in a configuration.
///
/// Numbers keep all their digits (``JSONNumber``). `Codable` goes through Foundation, which keeps 38 digits of a
/// decimal and 128 bits of an integer.
public enum JSONValue: Codable, Sendable, Hashable {
  /// The literal `null`. Numbers that are not finite are written as `null`, too.
  case null
  /// `true` or `false`.
  case flag(Bool)
  /// A number with all its digits.
  case number(JSONNumber)
  /// A string, unescaped.
  case text(String)
  /// An array, in order.
  case list([JSONValue])
  /// An object. Keys are unique and written in alphabetical order.
  case object([String: JSONValue])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(JSONNumber.self) {
      self = .number(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .flag(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

extension JSONValue {
  /// A number from an `Int`, exactly.
  public static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
  /// A number from a `Double`, by the shortest text that reads back as the value.
  public static func number(_ value: Double) -> JSONValue { .number(JSONNumber(value)) }

  /// Parses JSON; nil if the text is malformed. `NaN` and `Infinity` are malformed, too.
  package init?(parsing text: String) {
    guard let value = try? JSONReader.value(of: OutsideJSON.mended(text)) else { return nil }
    self = value
  }

  /// The value as JSON on one line, with sorted keys. Numbers that are not finite become `null`.
  package var json: String { OrderedJSON(self).json }

  /// A text without quotation marks, any other value as JSON.
  package var shown: String { text ?? json }

  package subscript(key: String) -> JSONValue? { fields?[key] }

  /// The value at a path of keys and indices separated by dots, such as `info.score` or `0`. The empty path is the
  /// value itself.
  package func value(at path: String) -> JSONValue? {
    var value = self
    for part in path.split(separator: ".") {
      switch value {
      case .object(let members):
        guard let member = members[String(part)] else { return nil }
        value = member
      case .list(let elements):
        guard let place = Int(part), elements.indices.contains(place) else { return nil }
        value = elements[place]
      default: return nil
      }
    }
    return value
  }

  package var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// The number if its value is whole, in any notation.
  package var integer: Int? {
    if case .number(let number) = self { number.integer } else { nil }
  }

  package var fields: [String: JSONValue]? {
    if case .object(let fields) = self { fields } else { nil }
  }

  package var items: [JSONValue]? {
    if case .list(let items) = self { items } else { nil }
  }

  /// The type of the value in words, for messages.
  package var noun: String {
    switch self {
    case .null: "null"
    case .flag: "a truth value"
    case .number: "a number"
    case .text: "a text"
    case .list: "a list"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .text(value) }
  /// An integer, exactly.
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  /// A number, by the shortest text that reads back as the value.
  public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .flag(value) }
  /// An array of the elements in order.
  public init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
  /// An object. The last of several values with one key counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}
