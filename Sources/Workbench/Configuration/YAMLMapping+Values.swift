import Agents
import Foundation
import Policies
import Yams

// Reads values of each type. Every method takes the key, its default and one line of help. If the default is a value,
// that value is returned for a missing key. If it is a description, nil is returned.
extension YAMLMapping {
  package mutating func text(_ key: String, default fallback: KeyDefault, _ help: String) throws -> String? {
    try read(key, "a text", fallback, help) { $0.scalar?.string }
  }

  package mutating func integer(_ key: String, default fallback: KeyDefault, _ help: String) throws -> Int? {
    try read(key, "a whole number", fallback, help) { $0.int }
  }

  package mutating func integer(_ key: String, default value: Int, _ help: String) throws -> Int {
    try integer(key, default: KeyDefault(value), help) ?? value
  }

  /// A whole number within bounds.
  package mutating func count(
    _ key: String, least: Int = 1, most: Int = Bounds.count, default fallback: KeyDefault, _ help: String
  ) throws -> Int? {
    let value = try integer(key, default: fallback, help)
    if let problem = Bounds.problem(value, name(key), least: least, most: most) { throw ConfigurationError(problem) }
    return value
  }

  package mutating func count(
    _ key: String, least: Int = 1, most: Int = Bounds.count, default value: Int, _ help: String
  ) throws -> Int {
    try count(key, least: least, most: most, default: KeyDefault(value), help) ?? value
  }

  package mutating func number(_ key: String, default fallback: KeyDefault, _ help: String) throws -> Double? {
    try read(key, "a number", fallback, help) { $0.float }
  }

  package mutating func number(_ key: String, default value: Double, _ help: String) throws -> Double {
    try number(key, default: KeyDefault(value), help) ?? value
  }

  /// A number, or the word `none`, which is read as nil.
  package mutating func numberOrNone(_ key: String, default value: Double?, _ help: String) throws -> Double? {
    try read(key, "a number or none", value.map { KeyDefault($0) } ?? "`none`", help) { node -> Double?? in
      Self.isNone(node) ? .some(nil) : node.float.map(Optional.some)
    } ?? value
  }

  /// Seconds, above 0 and at most a day.
  package mutating func seconds(_ key: String, default fallback: KeyDefault, _ help: String) throws -> Double? {
    guard let seconds = try number(key, default: fallback, help) else { return nil }
    guard seconds > 0, seconds <= 86_400 else {
      throw ConfigurationError("environment.\(key) is \(seconds); write seconds, above 0 and at most a day.")
    }
    return seconds
  }

  package mutating func seconds(_ key: String, default value: Double, _ help: String) throws -> Double {
    try seconds(key, default: KeyDefault(value), help) ?? value
  }

  package mutating func flag(_ key: String, default fallback: KeyDefault, _ help: String) throws -> Bool? {
    try read(key, "true or false", fallback, help) { $0.bool }
  }

  package mutating func flag(_ key: String, default value: Bool, _ help: String) throws -> Bool {
    try flag(key, default: "`\(value)`", help) ?? value
  }

  /// One of the raw values of an enumeration.
  package mutating func choice<T: RawRepresentable & CaseIterable>(
    _ key: String, _: T.Type, default fallback: KeyDefault, _ help: String
  ) throws -> T? where T.RawValue == String {
    try read(key, KeyType(oneOf: T.allCases.map(\.rawValue)), fallback, help) { node in
      node.scalar.flatMap { T(rawValue: $0.string) }
    }
  }

  package mutating func choice<T: RawRepresentable & CaseIterable>(
    _ key: String, default value: T, _ help: String
  ) throws -> T where T.RawValue == String {
    try choice(key, T.self, default: "`\(value.rawValue)`", help) ?? value
  }

  /// The name of a kind. Other keys depend on the kind, so the keys of every kind are described.
  package mutating func kind(
    _ key: String, among names: [String], default fallback: KeyDefault, _ help: String
  ) throws -> String? {
    let given = try read(key, KeyType(oneOf: names), fallback, help) { node in
      node.scalar.flatMap { names.contains($0.string) ? $0.string : nil }
    }
    return notes?.kind(name(key), among: names) ?? given
  }

  /// A list of the raw values of an enumeration.
  package mutating func choices<T: RawRepresentable & CaseIterable>(
    _ key: String, default value: [T], _ help: String
  ) throws -> [T] where T.RawValue == String {
    let names = value.map(\.rawValue).joined(separator: ", ")
    return try read(key, KeyType(listOf: T.allCases.map(\.rawValue)), "`[\(names)]`", help) { node in
      guard let items = node.sequence else { return nil }
      let values = items.map { item in item.scalar.flatMap { T(rawValue: $0.string) } }
      return values.contains { $0 == nil } ? nil : values.compactMap(\.self)
    } ?? value
  }

  /// Task numbers: `"0..<64"`, `7`, or a list of either.
  package mutating func numbers(
    _ key: String, as documented: String = "task numbers", default fallback: KeyDefault, _ help: String
  ) throws -> [Int]? {
    let type = KeyType(documented, wanted: "task numbers, such as \"0..<64\" or [64, 65]")
    return try read(key, type, fallback, help) { node in
      if let text = node.scalar?.string { return TaskNumbers.parse(text) }
      guard let items = node.sequence else { return nil }
      let lists = items.map { $0.scalar.flatMap { TaskNumbers.parse($0.string) } }
      return lists.contains(nil) ? nil : lists.flatMap { $0 ?? [] }
    }
  }

  package mutating func range(
    _ key: String, default fallback: KeyDefault, _ help: String
  ) throws -> ClosedRange<Int>? {
    guard let numbers = try numbers(key, as: "range", default: fallback, help) else { return nil }
    guard let low = numbers.min(), let high = numbers.max() else {
      throw ConfigurationError("environment.\(key) is an empty range; write it as \"3...4\".")
    }
    return low...high
  }

  package mutating func range(
    _ key: String, default value: ClosedRange<Int>, _ help: String
  ) throws -> ClosedRange<Int> {
    try range(key, default: "`\"\(value.lowerBound)...\(value.upperBound)\"`", help) ?? value
  }

  package mutating func texts(_ key: String, default fallback: KeyDefault, _ help: String) throws -> [String]? {
    try read(key, "a list of texts", fallback, help) { node in
      guard let items = node.sequence?.map({ $0.scalar?.string }), !items.contains(nil) else { return nil }
      return items.compactMap(\.self)
    }
  }

  /// Texts by name, such as headers.
  package mutating func textFields(
    _ key: String, default fallback: KeyDefault, _ help: String
  ) throws -> [String: String]? {
    try read(key, "a mapping of names to texts", fallback, help) { node in
      guard let pairs = node.mapping else { return nil }
      var fields: [String: String] = [:]
      for (name, value) in pairs {
        guard let name = name.scalar?.string, let text = value.scalar?.string, fields[name] == nil else { return nil }
        fields[name] = text
      }
      return fields
    }
  }

  /// A mapping with arbitrary keys and JSON values.
  package mutating func json(
    _ key: String, default fallback: KeyDefault, _ help: String
  ) throws -> [String: JSONValue]? {
    try read(key, "a mapping of keys", fallback, help) { node in
      // YAML aliases can expand a short text to any size.
      var left = 100_000
      return JSONValue(node, left: &left)?.fields
    }
  }

  /// `variables`: the names of environment variables that a program receives in addition to the usual ones.
  package mutating func variables(for child: String = "program") throws -> Set<String> {
    let names =
      try texts(
        "variables", default: .none,
        "further environment variables for the \(child); see [below](#what-programs-get)") ?? []
    guard names.allSatisfy({ $0.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil }) else {
      // The names are not quoted, since one may be a secret.
      throw ConfigurationError("\(name("variables")) must list names of environment variables, without their values.")
    }
    return Set(names)
  }

  /// The thinking setting of a policy: a number of tokens, `adaptive` or `none`.
  package mutating func thinking(
    _ key: String, default fallback: KeyDefault, _ help: String
  ) throws -> AnthropicPolicy.Thinking?? {
    try read(key, "a whole number, adaptive or none", fallback, help) { node in
      if Self.isNone(node) { return .some(nil) }
      if node.scalar?.string == "adaptive" { return .adaptive }
      return node.int.map { .tokens($0) }
    }
  }

  private static func isNone(_ node: Node) -> Bool { node.scalar?.string == "none" }
}
