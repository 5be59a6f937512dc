/// A JSON value whose objects keep the order of their members and whose numbers keep their digits.
///
/// The order matters where a server puts JSON into a prompt, as it does with the schemas of tools. Two values are equal
/// if they are written with the same members in the same order, the same digits and the same Unicode scalars.
/// ``JSONValue/init(_:)`` gives a value that is compared by its meaning.
package enum OrderedJSON: Sendable {
  /// The literal `null`.
  case null
  /// `true` or `false`.
  case flag(Bool)
  /// A number with its digits as written.
  case number(JSONNumber)
  /// A string, unescaped.
  case text(String)
  /// An array, in order.
  case list([OrderedJSON])
  /// An object. Keys are unique; order is kept.
  case object([Member])

  /// One member of an object.
  package struct Member: Sendable {
    package var key: String
    package var value: OrderedJSON

    package init(_ key: String, _ value: OrderedJSON) {
      self.key = key
      self.value = value
    }
  }
}

extension OrderedJSON.Member: Hashable {
  package static func == (a: Self, b: Self) -> Bool { a.key.isWritten(as: b.key) && a.value == b.value }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(value)
  }
}

extension OrderedJSON: Hashable {
  package static func == (a: OrderedJSON, b: OrderedJSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.flag(let a), .flag(let b)): a == b
    case (.number(let a), .number(let b)): a.text == b.text
    case (.text(let a), .text(let b)): a.isWritten(as: b)
    case (.list(let a), .list(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .flag(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value.text)
    case .text(let value): hasher.combine(value)
    case .list(let values): hasher.combine(values)
    case .object(let members): hasher.combine(members)
    }
  }
}

extension OrderedJSON {
  /// Parses JSON as servers and programs write it (see ``OutsideJSON``); nil if the text is malformed.
  package init?(parsing text: String) {
    guard let value = try? JSONReader.ordered(OutsideJSON.mended(text)) else { return nil }
    self = value
  }

  /// The value as JSON on one line without spaces, in its own order. Numbers that are not finite become `null`.
  package var json: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .flag(let value): text += value ? "true" : "false"
    case .number(let value): text += value.isFinite ? value.text : "null"
    case .text(let value): text.appendJSON(value)
    case .list(let values):
      text += "["
      for (place, value) in values.enumerated() {
        if place > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (place, member) in members.enumerated() {
        if place > 0 { text += "," }
        text.appendJSON(member.key)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  /// The same value with the members of every object sorted by key.
  package var sorted: OrderedJSON {
    switch self {
    case .list(let values): .list(values.map(\.sorted))
    case .object(let members):
      .object(members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value.sorted) })
    default: self
    }
  }
}

extension String {
  /// Whether both texts have the same Unicode scalars. `==` also holds for texts that are only canonically equivalent.
  fileprivate func isWritten(as other: String) -> Bool {
    self == other && utf8.count == other.utf8.count && (utf8.elementsEqual(other.utf8))
  }

  /// Appends a JSON string: the value in quotation marks, escaped.
  package mutating func appendJSON(_ value: String) {
    self += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": self += "\\\""
      case "\\": self += "\\\\"
      case "\n": self += "\\n"
      case "\r": self += "\\r"
      case "\t": self += "\\t"
      case "\u{8}": self += "\\b"
      case "\u{C}": self += "\\f"
      case "\u{0}"..<"\u{10}": self += "\\u000" + String(scalar.value, radix: 16)
      case "\u{10}"..<" ": self += "\\u00" + String(scalar.value, radix: 16)
      default: unicodeScalars.append(scalar)
      }
    }
    self += "\""
  }
}
