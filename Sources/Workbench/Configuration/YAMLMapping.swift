import Agents
import Foundation
import Policies
import Yams

/// Reads one mapping of the configuration, key by key. A key that nobody read is an error that names the nearest valid one.
package struct YAMLMapping {
  /// Where the mapping stands, such as `policy.pricing`; empty at the top.
  private let path: String
  private let file: String
  private var entries: [(key: String, node: Node)]
  private var known: [String] = []

  package init(_ node: Node, path: String, file: String) throws {
    guard let mapping = node.mapping else {
      throw ConfigurationError(
        "\(Self.place(node, file)): \(path.isEmpty ? "the configuration" : path) is not a mapping of keys.")
    }
    self.path = path
    self.file = file
    entries = []
    for (key, value) in mapping {
      guard let key = key.string else { throw ConfigurationError("\(Self.place(node, file)): a key is not a text.") }
      if entries.contains(where: { $0.key == key }) {
        throw ConfigurationError("\(Self.place(value, file)): the key \(key) stands twice.")
      }
      entries.append((key, value))
    }
  }

  /// A digest of every key and value, in the order in which they are written.
  package var digest: String {
    var digest = Digest()
    for (key, node) in entries { digest.add(key, (try? Yams.serialize(node: node)) ?? "") }
    return digest.text
  }

  /// Parses a whole file; an empty one is an empty mapping.
  package init(text: String, file: String) throws {
    do {
      let node = try Yams.compose(yaml: text) ?? .mapping([:])
      try self.init(node.null == nil ? node : .mapping([:]), path: "", file: file)
    } catch let error as YamlError {
      throw ConfigurationError("\(file) is not YAML: \(error)")
    }
  }

  package mutating func text(_ key: String) throws -> String? {
    try read(key, "a text") { $0.scalar?.string }
  }

  package mutating func integer(_ key: String) throws -> Int? {
    try read(key, "a whole number") { $0.int }
  }

  /// A whole number that counts something.
  package mutating func count(_ key: String, least: Int = 1, most: Int = Bounds.count) throws -> Int? {
    let value = try integer(key)
    if let problem = Bounds.problem(value, name(key), least: least, most: most) { throw ConfigurationError(problem) }
    return value
  }

  /// `variables`: the names of environment variables that a program gets although programs usually do not.
  package mutating func variables() throws -> Set<String> {
    let names = try texts("variables") ?? []
    guard names.allSatisfy({ $0.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil }) else {
      // Not quoted: one may be a secret itself.
      throw ConfigurationError("\(name("variables")) lists the names of environment variables, without their values.")
    }
    return Set(names)
  }

  package mutating func number(_ key: String) throws -> Double? {
    try read(key, "a number") { $0.float }
  }

  /// A number, or the word `none`, which is read as nil; the outer optional is nil where the key is not given.
  package mutating func numberOrNone(_ key: String) throws -> Double?? {
    try read(key, "a number or none") { node in Self.isNone(node) ? .some(nil) : node.float.map(Optional.some) }
  }

  /// Texts by their names, such as headers.
  package mutating func textFields(_ key: String) throws -> [String: String]? {
    try read(key, "a mapping of names to texts") { node in
      guard let pairs = node.mapping else { return nil }
      var fields: [String: String] = [:]
      for (name, value) in pairs {
        guard let name = name.scalar?.string, let text = value.scalar?.string, fields[name] == nil else { return nil }
        fields[name] = text
      }
      return fields
    }
  }

  /// What a policy is told of thinking: tokens, `adaptive` or `none`.
  package mutating func thinking(_ key: String) throws -> AnthropicPolicy.Thinking?? {
    try read(key, "a whole number, adaptive or none") { node in
      if Self.isNone(node) { return .some(nil) }
      if node.scalar?.string == "adaptive" { return .adaptive }
      return node.int.map { .tokens($0) }
    }
  }

  private static func isNone(_ node: Node) -> Bool { node.scalar?.string == "none" }

  package mutating func flag(_ key: String) throws -> Bool? {
    try read(key, "true or false") { $0.bool }
  }

  /// One of an enumeration's names.
  package mutating func choice<T: RawRepresentable & CaseIterable>(_ key: String, _: T.Type) throws -> T?
  where T.RawValue == String {
    try read(key, "one of " + T.allCases.map(\.rawValue).joined(separator: ", ")) { node in
      node.scalar.flatMap { T(rawValue: $0.string) }
    }
  }

  /// One of some names.
  package mutating func choice(_ key: String, among names: [String]) throws -> String? {
    try read(key, "one of " + names.joined(separator: ", ")) { node in
      node.scalar.flatMap { names.contains($0.string) ? $0.string : nil }
    }
  }

  /// A list of an enumeration's names.
  package mutating func choices<T: RawRepresentable & CaseIterable>(_ key: String, _: T.Type) throws -> [T]?
  where T.RawValue == String {
    try read(key, "a list of " + T.allCases.map(\.rawValue).joined(separator: ", ")) { node in
      guard let items = node.sequence else { return nil }
      let values = items.map { item in item.scalar.flatMap { T(rawValue: $0.string) } }
      return values.contains { $0 == nil } ? nil : values.compactMap(\.self)
    }
  }

  /// Task numbers: `"0..<64"`, `7`, or a list of either.
  package mutating func numbers(_ key: String) throws -> [Int]? {
    try read(key, "task numbers, such as \"0..<64\" or [64, 65]") { node in
      if let text = node.scalar?.string { return TaskNumbers.parse(text) }
      guard let items = node.sequence else { return nil }
      let lists = items.map { $0.scalar.flatMap { TaskNumbers.parse($0.string) } }
      return lists.contains(nil) ? nil : lists.flatMap { $0 ?? [] }
    }
  }

  package mutating func texts(_ key: String) throws -> [String]? {
    try read(key, "a list of texts") { node in
      guard let items = node.sequence?.map({ $0.scalar?.string }), !items.contains(nil) else { return nil }
      return items.compactMap(\.self)
    }
  }

  /// A mapping inside this one, read whole by `body`.
  package mutating func mapping<T>(_ key: String, _ body: (inout YAMLMapping) throws -> T) throws -> T? {
    guard let node = take(key) else { return nil }
    var inner = try YAMLMapping(node, path: name(key), file: file)
    return try inner.whole(body)
  }

  /// A mapping of any keys to any values, as JSON has them.
  package mutating func json(_ key: String) throws -> [String: JSONValue]? {
    try read(key, "a mapping of keys") { node in
      // Aliases of aliases make a short text as large as one likes.
      var left = 100_000
      return JSONValue(node, left: &left)?.fields
    }
  }

  /// A list of mappings inside this one, each read whole by `body`.
  package mutating func mappings<T>(_ key: String, _ body: (inout YAMLMapping) throws -> T) throws -> [T]? {
    guard let items = try read(key, "a list", { $0.sequence.map(Array.init) }) else { return nil }
    var values: [T] = []
    for (place, item) in items.enumerated() {
      var inner = try YAMLMapping(item, path: "\(name(key))[\(place)]", file: file)
      values.append(try inner.whole(body))
    }
    return values
  }

  /// The key's value where it is a single word, else nil and the key stays unread.
  package mutating func word(_ key: String) -> String? {
    guard let text = entries.first(where: { $0.key == key })?.node.scalar?.string else { return nil }
    _ = take(key)
    return text
  }

  /// Every key left, in order; they are all read by this.
  package mutating func remainingKeys() -> [String] { entries.map(\.key) }

  /// Reads everything by `body`. Where that misses a key, the one is named that stands in its place.
  private mutating func whole<T>(_ body: (inout YAMLMapping) throws -> T) throws -> T {
    do {
      let value = try body(&self)
      try finish()
      return value
    } catch let error as ConfigurationError where error.missingKey != nil {
      throw explained(error)
    }
  }

  /// A key that the file must have and has not.
  ///
  /// - Parameter message: what is said of it.
  package func missing(_ key: String, message: String) -> ConfigurationError {
    explained(.missing(name(key), message: message))
  }

  /// Adds which of the keys that nobody read was most likely meant to be the missing one.
  private func explained(_ error: ConfigurationError) -> ConfigurationError {
    guard let full = error.missingKey, let key = full.split(separator: ".").last.map(String.init), full == name(key),
      let stranger = entries.filter({ isMeant($0.key, for: key) }).max(by: {
        likeness($0.key, key) < likeness($1.key, key)
      })
    else { return error }
    return ConfigurationError(
      "\(error.message) \(Self.place(stranger.node, file)) has \(name(stranger.key)); did you mean \(full)?")
  }

  /// Refuses what was not read.
  package func finish() throws {
    guard let stranger = entries.first else { return }
    let nearest =
      known.first { otherNames[$0]?.contains(stranger.key.lowercased()) == true }
      ?? known.max { likeness($0, stranger.key) < likeness($1, stranger.key) }
    let note =
      nearest == "apiKeyVariable"
      ? " It takes the name of the environment variable that holds the key, never the key." : ""
    let hint = nearest.map { "; did you mean \(name($0))?\(note)" } ?? "."
    throw ConfigurationError(
      "\(Self.place(stranger.node, file)): unknown key \(name(stranger.key))\(hint) Valid here: \(known.joined(separator: ", "))."
    )
  }

  // MARK: - Reading

  private mutating func read<T>(_ key: String, _ wanted: String, _ convert: (Node) -> T?) throws -> T? {
    guard let node = take(key) else { return nil }
    guard let value = convert(node) else {
      throw ConfigurationError("\(Self.place(node, file)): \(name(key)) is not \(wanted).")
    }
    return value
  }

  private mutating func take(_ key: String) -> Node? {
    known.append(key)
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    let node = entries.remove(at: index).node
    return node.null == nil || node.scalar?.style != .plain ? node : nil
  }

  private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private static func place(_ node: Node, _ file: String) -> String {
    node.mark.map { "\(file):\($0.line)" } ?? file
  }
}

extension JSONValue {
  /// What YAML's core schema makes of a node: what stands in quotes is a text. nil where a key is none.
  ///
  /// - Parameter left: how many more values there may be.
  fileprivate init?(_ node: Node, left: inout Int) {
    left -= 1
    guard left > 0 else { return nil }
    switch node {
    case .scalar(let scalar):
      if scalar.style != .plain {
        self = .text(scalar.string)
      } else if node.null != nil {
        self = .null
      } else if let flag = node.bool {
        self = .flag(flag)
      } else if let number = JSONNumber(scalar.string) {
        self = .number(number)
      } else if let number = node.int {
        self = .integer(number)
      } else if let number = node.float, number.isFinite {
        self = .number(number)
      } else {
        self = .text(scalar.string)
      }
    case .sequence(let items):
      var list: [JSONValue] = []
      for item in items {
        guard let value = JSONValue(item, left: &left) else { return nil }
        list.append(value)
      }
      self = .list(list)
    case .mapping(let pairs):
      var fields: [String: JSONValue] = [:]
      for (key, item) in pairs {
        guard let key = key.string, let value = JSONValue(item, left: &left) else { return nil }
        fields[key] = value
      }
      self = .object(fields)
    default: return nil
    }
  }
}
