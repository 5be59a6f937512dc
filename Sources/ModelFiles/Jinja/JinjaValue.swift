/// Why a template cannot be parsed or rendered.
struct JinjaError: Error, Hashable {
  let message: String
  /// Whether the template itself rejected its input (`raise_exception`).
  var isRefusal = false
  var line: Int?

  init(_ message: String, isRefusal: Bool = false, line: Int? = nil) {
    self.message = message
    self.isRefusal = isRefusal
    self.line = line
  }
}

/// A value of a template, with Python's semantics. Only namespaces are mutable, as in Jinja's immutable sandbox.
enum JinjaValue {
  /// An undefined value, with its name.
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(JinjaText)
  case list([JinjaValue])
  case dictionary([(key: JinjaValue, value: JinjaValue)])
  case namespace(JinjaNamespace)
  case function(JinjaFunction)

  static func text(_ string: String) -> JinjaValue { .text(JinjaText(string)) }

  static func record(_ members: KeyValuePairs<String, JinjaValue>) -> JinjaValue {
    .dictionary(members.map { (.text($0.key), $0.value) })
  }

  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .text(let text): !text.isEmpty
    case .list(let values): !values.isEmpty
    case .dictionary(let members): !members.isEmpty
    case .namespace, .function: true
    }
  }

  var isUndefined: Bool {
    if case .undefined = self { return true }
    return false
  }

  /// The value of a number or Boolean; nil otherwise.
  var double: Double? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  var whole: Int? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .integer(let value): value
    default: nil
    }
  }

  /// The type in words, for messages.
  var kind: String {
    switch self {
    case .undefined(let name): "undefined (\(name))"
    case .none: "none"
    case .bool: "a truth value"
    case .integer, .number: "a number"
    case .text: "a text"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .namespace: "a namespace"
    case .function: "a function"
    }
  }

  /// `==`
  func equals(_ other: JinjaValue) -> Bool {
    if let a = whole, let b = other.whole { return a == b }
    if let a = double, let b = other.double { return a == b }
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.text(let a), .text(let b)): return a == b
    case (.list(let a), .list(let b)): return a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
    case (.dictionary(let a), .dictionary(let b)):
      return a.count == b.count && a.allSatisfy { other.member($0.key)?.equals($0.value) ?? false }
    case (.namespace(let a), .namespace(let b)): return a === b
    default: return false
    }
  }

  /// The member of a dictionary; nil for other values.
  func member(_ key: JinjaValue) -> JinjaValue? {
    guard case .dictionary(let members) = self else { return nil }
    return members.last { $0.key.equals(key) }?.value
  }

  /// The number of members of a dictionary; 0 for other values.
  var memberCount: Int {
    if case .dictionary(let members) = self { return members.count }
    return 0
  }

  /// The elements over which a loop iterates.
  func elements() throws -> [JinjaValue] {
    switch self {
    case .undefined: []
    case .text(let text): text.letters.map { .text($0) }
    case .list(let values): values
    case .dictionary(let members): members.map(\.key)
    default: throw JinjaError("\(kind) cannot be iterated over")
    }
  }

  /// `str(…)`
  var printed: JinjaText {
    switch self {
    case .undefined: .empty
    case .text(let text): text
    default: representation
    }
  }

  /// `repr(…)`
  var representation: JinjaText {
    switch self {
    case .undefined: JinjaText("Undefined")
    case .none: JinjaText("None")
    case .bool(let value): JinjaText(value ? "True" : "False")
    case .integer(let value): JinjaText(String(value))
    case .number(let value): JinjaText("\(value)")
    case .text(let text): Self.literal(text)
    case .list(let values):
      JinjaText("[") + .joined(values.map(\.representation), by: JinjaText(", ")) + JinjaText("]")
    case .dictionary(let members):
      JinjaText("{")
        + .joined(
          members.map { $0.key.representation + JinjaText(": ") + $0.value.representation }, by: JinjaText(", "))
        + JinjaText("}")
    case .namespace: JinjaText("<Namespace>")
    case .function: JinjaText("<function>")
    }
  }

  private static func literal(_ text: JinjaText) -> JinjaText {
    let quote = text.find(JinjaText("'")) != nil && text.find(JinjaText("\"")) == nil ? "\"" : "'"
    let body = text.mapped { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "'" where quote == "'": "\\'"
      default: String(scalar)
      }
    }
    return JinjaText(quote) + body + JinjaText(quote)
  }
}

/// The only mutable value of a template.
final class JinjaNamespace {
  var values: [String: JinjaValue]
  init(_ values: [String: JinjaValue]) { self.values = values }
}

/// A callable value. Arguments are positional or named.
final class JinjaFunction {
  let body: (_ positional: [JinjaValue], _ named: [String: JinjaValue]) throws -> JinjaValue

  init(_ body: @escaping (_ positional: [JinjaValue], _ named: [String: JinjaValue]) throws -> JinjaValue) {
    self.body = body
  }
}
