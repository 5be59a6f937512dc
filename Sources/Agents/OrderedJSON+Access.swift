extension OrderedJSON {
  /// A number from an `Int`, exactly.
  package static func integer(_ value: Int) -> OrderedJSON { .number(JSONNumber(value)) }
  /// A number from a `Double`, by the shortest text that reads back as the value.
  package static func number(_ value: Double) -> OrderedJSON { .number(JSONNumber(value)) }

  /// The member of an object; nil if there is none or the value is not an object.
  package subscript(key: String) -> OrderedJSON? {
    members?.first { $0.key == key }?.value
  }

  /// The string; nil for other values.
  package var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// The number if its value is whole, in any notation.
  package var integer: Int? {
    if case .number(let number) = self { number.integer } else { nil }
  }

  /// The number as the nearest `Double`.
  package var double: Double? {
    if case .number(let number) = self { number.double } else { nil }
  }

  /// The truth value; nil for other values.
  package var flag: Bool? {
    if case .flag(let flag) = self { flag } else { nil }
  }

  /// The elements of an array; nil for other values.
  package var items: [OrderedJSON]? {
    if case .list(let items) = self { items } else { nil }
  }

  /// The members of an object, in order.
  package var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// Whether the value is the literal `null`.
  package var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// A text without quotation marks, any other value as JSON.
  package var shown: String { text ?? json }

  /// Replaces the value of a key in its place, or appends it. A value that is not an object becomes one.
  package mutating func set(_ key: String, _ value: OrderedJSON) {
    var members = members ?? []
    if let place = members.firstIndex(where: { $0.key == key }) {
      members[place].value = value
    } else {
      members.append(Member(key, value))
    }
    self = .object(members)
  }

  /// Like ``set(_:_:)``, but leaves the object as it is if the value is nil.
  package mutating func set(_ key: String, ifGiven value: OrderedJSON?) {
    if let value { set(key, value) }
  }

  /// Removes a member of an object and returns its value.
  @discardableResult
  package mutating func remove(_ key: String) -> OrderedJSON? {
    guard var members, let place = members.firstIndex(where: { $0.key == key }) else { return nil }
    let value = members.remove(at: place).value
    self = .object(members)
    return value
  }

  /// The same value, with members in alphabetical order.
  package init(_ value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .flag(let value): .flag(value)
      case .number(let value): .number(value)
      case .text(let value): .text(value)
      case .list(let values): .list(values.map(OrderedJSON.init))
      case .object(let fields):
        .object(fields.sorted { $0.key < $1.key }.map { Member($0.key, OrderedJSON($0.value)) })
      }
  }
}

extension JSONValue {
  /// The same value without the order of members. The first of two equal keys counts.
  package init(_ value: OrderedJSON) {
    self =
      switch value {
      case .null: .null
      case .flag(let value): .flag(value)
      case .number(let value): .number(value)
      case .text(let value): .text(value)
      case .list(let values): .list(values.map(JSONValue.init))
      case .object(let members):
        .object(Dictionary(members.map { ($0.key, JSONValue($0.value)) }, uniquingKeysWith: { first, _ in first }))
      }
  }
}

extension OrderedJSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .text(value) }
  package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  package init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
  package init(booleanLiteral value: Bool) { self = .flag(value) }
  package init(arrayLiteral elements: OrderedJSON...) { self = .list(elements) }
  /// An object in the order of the literal. The keys have to be unique.
  package init(dictionaryLiteral elements: (String, OrderedJSON)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}
