import Agents

/// One property of an action's object, from a server's JSON Schema.
package struct ActionProperty: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case text = "string"
    case integer, number
    case flag = "boolean"
    case list = "array"
    case object
    /// Several kinds or an unknown one; the server checks the value.
    case any
  }

  package let name: String
  package let description: String
  package let kind: Kind
  /// The listed values; nil for any value of the kind.
  package let choices: [JSONValue]?
  package let mayBeNull: Bool

  /// Limits the parts that are visited: alternatives that refer to one another grow exponentially within a few levels.
  private static let mostParts = 10_000

  /// - Parameter definitions: the targets of `$ref`.
  package init(_ name: String, schema: JSONValue, definitions: [String: JSONValue]) {
    self.name = name
    var kinds: Set<Kind> = []
    var choices: [JSONValue]? = nil
    var hasNull = false
    // Set if an alternative is not a list of values and so admits others.
    var isOpen = false
    var description = schema["description"]?.text
    // The depth is limited, since a schema may refer to itself.
    var open = [(schema, 0)]
    var walked = 0
    while let (part, depth) = open.popLast() {
      walked += 1
      guard depth < 8, walked <= Self.mostParts else {
        isOpen = true
        kinds.insert(.any)
        if walked > Self.mostParts { break }
        continue
      }
      if let name = part["$ref"]?.text?.split(separator: "/").last, let target = definitions[String(name)] {
        open.append((target, depth + 1))
      } else if let parts = (part["anyOf"] ?? part["oneOf"] ?? part["allOf"])?.items {
        open += parts.map { ($0, depth + 1) }
      } else if let values = part["enum"]?.items ?? part["const"].map({ [$0] }) {
        choices = (choices ?? []) + values
        kinds.formUnion(values.map(Kind.init(of:)))
      } else if part["type"]?.text == "null" {
        hasNull = true
      } else {
        isOpen = true
        kinds.insert(part["type"]?.text.flatMap(Kind.init(rawValue:)) ?? .any)
      }
      description = description ?? part["description"]?.text
    }
    kind = kinds.count == 1 ? kinds.first ?? .any : kinds == [.integer, .number] ? .number : .any
    self.choices = isOpen ? nil : choices
    mayBeNull = hasNull
    self.description = (description ?? "").clipped(to: 300)
  }

  /// Whether the value is a scalar, so that a text can state it.
  package var isScalar: Bool { [.text, .integer, .number, .flag].contains(kind) }

  /// The value that a text states; nil if it states none.
  package func value(of words: String) -> JSONValue? {
    if let choices {
      return choices.first { $0.shown == words } ?? number(of: words).flatMap { choices.contains($0) ? $0 : nil }
    }
    switch kind {
    case .text: return .text(words)
    case .integer: return number(of: words).flatMap { Self.isInteger(words) ? $0 : nil }
    case .number: return number(of: words)
    case .flag: return Bool(words.lowercased()).map { .flag($0) }
    case .list, .object, .any: return JSONValue(parsing: words)
    }
  }

  /// A number in its original spelling, if that is valid JSON.
  private func number(of words: String) -> JSONValue? {
    if let number = JSONNumber(words) { return number.double.isFinite || Self.isInteger(words) ? .number(number) : nil }
    return Int(words).map { .integer($0) } ?? Double(words).flatMap { $0.isFinite ? .number($0) : nil }
  }

  private static func isInteger(_ words: String) -> Bool { words.drop { "+-".contains($0) }.allSatisfy(\.isNumber) }

  /// Whether the property may have this value, as far as can be checked without the server.
  package func admits(_ value: JSONValue) -> Bool {
    if value == .null { return mayBeNull || kind == .any }
    if let choices { return choices.contains(value) }
    switch (kind, value) {
    case (.any, _), (.text, .text), (.number, .number), (.flag, .flag), (.list, .list), (.object, .object): return true
    case (.integer, .number(let number)): return number.isWhole
    default: return false
    }
  }

  /// A description of the admissible values: `one of "north", "south"`, `a number`.
  package var wanted: String {
    if let choices { return "one of \(choices.prefix(32).map(\.json).joined(separator: ", "))" }
    switch kind {
    case .text: return "a text"
    case .integer: return "a whole number"
    case .number: return "a number"
    case .flag: return "true or false"
    case .list: return "a list"
    case .object: return "an object"
    case .any: return "any JSON"
    }
  }
}

extension ActionProperty.Kind {
  fileprivate init(of value: JSONValue) {
    switch value {
    case .text: self = .text
    case .number(let number): self = number.isWhole ? .integer : .number
    case .flag: self = .flag
    case .list: self = .list
    case .object: self = .object
    case .null: self = .any
    }
  }
}
