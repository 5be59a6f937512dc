/// A JSON value that keeps the order of an object's keys. Pages list options in this order.
enum ProductJSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([ProductJSON])
  case object([(key: String, value: ProductJSON)])

  /// Why a text is not JSON.
  struct Malformed: Error { let reason: String }

  /// The value of a key's last occurrence, as Python reads it.
  subscript(key: String) -> ProductJSON? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }

  /// The string, with control characters replaced by spaces.
  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text.printable
  }

  /// The strings of an array, without other values.
  var texts: [String]? {
    guard case .array(let values) = self else { return nil }
    return values.compactMap(\.text)
  }

  var members: [(key: String, value: ProductJSON)] {
    guard case .object(let members) = self else { return [] }
    return members
  }

  static func == (a: ProductJSON, b: ProductJSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }
}
