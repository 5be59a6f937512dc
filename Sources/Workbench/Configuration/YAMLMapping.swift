import Agents
import Foundation
import Policies
import Yams

/// Reads one mapping of the configuration, key by key. A key that was not read is an error, which names the nearest
/// valid key.
package struct YAMLMapping {
  /// The path of the mapping, such as `policy.pricing`; empty at the top.
  private let path: String
  private let file: String
  private var entries: [(key: String, node: Node)]
  private var known: [String] = []
  /// If set, records the keys that are read. There is no YAML then, and every key counts as missing.
  let notes: KeyNotes?

  package init(_ node: Node, path: String, file: String) throws {
    guard let mapping = node.mapping else {
      throw ConfigurationError(
        "\(Self.place(node, file)): \(path.isEmpty ? "the configuration" : path) is not a mapping of keys.")
    }
    self.path = path
    self.file = file
    notes = nil
    entries = []
    for (key, value) in mapping {
      guard let key = key.string else { throw ConfigurationError("\(Self.place(node, file)): a key is not a text.") }
      if entries.contains(where: { $0.key == key }) {
        throw ConfigurationError("\(Self.place(value, file)): the key \(key) appears twice.")
      }
      entries.append((key, value))
    }
  }

  /// A digest of every key and value, in the order of the file.
  package var digest: String {
    var digest = Digest()
    // YAML aliases can expand a short text to any size. Values beyond the bound are not distinguished.
    var left = 100_000
    for (key, node) in entries { digest.add(key, JSONValue(node, left: &left)?.json ?? "too large") }
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

  /// A mapping without keys that records the keys that are read.
  init(notes: KeyNotes, path: String) {
    (self.notes, self.path, file, entries) = (notes, path, "", [])
  }

  /// Whether a key is given and not read yet.
  package func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

  /// All remaining keys in order, which count as read.
  package mutating func remainingKeys() -> [String] { entries.map(\.key) }

  /// Reads the whole mapping with `body`. If a key is missing, the error names the unread key that probably stands for
  /// it.
  private mutating func whole<T>(_ body: (inout YAMLMapping) throws -> T) throws -> T {
    do {
      let value = try body(&self)
      try finish()
      return value
    } catch let error as ConfigurationError where error.missingKey != nil {
      throw explained(error)
    }
  }

  /// The error for a required key that is missing.
  ///
  /// - Parameter message: the text of the error.
  package func missing(_ key: String, message: String) -> ConfigurationError {
    explained(.missing(name(key), message: message))
  }

  /// Adds the unread key that probably stands for the missing one.
  private func explained(_ error: ConfigurationError) -> ConfigurationError {
    guard let full = error.missingKey, let key = full.split(separator: ".").last.map(String.init), full == name(key),
      let stranger = entries.filter({ isMeant($0.key, for: key) }).max(by: {
        likeness($0.key, key) < likeness($1.key, key)
      })
    else { return error }
    return ConfigurationError(
      "\(error.message) \(Self.place(stranger.node, file)) has \(name(stranger.key)); did you mean \(full)?")
  }

  /// Refuses keys that were not read.
  package func finish() throws {
    guard let stranger = entries.first else { return }
    let nearest =
      known.first { otherNames[$0]?.contains(stranger.key.lowercased()) == true }
      ?? known.max { likeness($0, stranger.key) < likeness($1, stranger.key) }
    let note =
      nearest == "apiKeyVariable"
      ? " Write there the name of the environment variable that holds the key, never the key." : ""
    let hint = nearest.map { "; did you mean \(name($0))?\(note)" } ?? "."
    throw ConfigurationError(
      "\(Self.place(stranger.node, file)): unknown key \(name(stranger.key))\(hint) Valid here: \(known.joined(separator: ", "))."
    )
  }

  // MARK: - Reading

  /// Reads one key, described as in the documentation.
  ///
  /// - Parameters:
  ///   - type: the type of its value in the form of errors: "a whole number".
  ///   - fallback: its default.
  ///   - help: one line of Markdown.
  mutating func read<T>(
    _ key: String, _ type: KeyType, _ fallback: KeyDefault, _ help: String, _ convert: (Node) -> T?
  ) throws -> T? {
    note(key, type, fallback, help)
    guard let node = take(key) else { return nil }
    guard let value = convert(node) else {
      throw ConfigurationError("\(Self.place(node, file)): \(name(key)) is not \(type.wanted).")
    }
    return value
  }

  /// Reads one key whose value can be refused for reasons of its own.
  ///
  /// - Parameter check: the reason, which continues the name of the key; nil if the value is fine.
  mutating func read<T>(
    _ key: String, _ type: KeyType, _ fallback: KeyDefault, _ help: String, refusing check: (T) -> String?,
    _ convert: (Node) -> T?
  ) throws -> T? {
    let node = entries.first { $0.key == key }?.node
    guard let value = try read(key, type, fallback, help, convert) else { return nil }
    if let node, let reason = check(value) {
      throw ConfigurationError("\(Self.place(node, file)): \(name(key))\(reason)")
    }
    return value
  }

  /// A nested mapping, read completely by `body`.
  ///
  /// - Parameter type: the type of the mapping, for errors.
  package mutating func mapping<T>(
    _ key: String, type: KeyType = "a mapping", default fallback: KeyDefault, _ help: String,
    _ body: (inout YAMLMapping) throws -> T
  ) throws -> T? {
    note(key, type, fallback, help)
    if let notes {
      var inner = YAMLMapping(notes: notes, path: name(key))
      // An error is expected, since required keys are missing.
      _ = try? body(&inner)
      return nil
    }
    guard let node = take(key) else { return nil }
    var inner = try YAMLMapping(node, path: name(key), file: file)
    return try inner.whole(body)
  }

  /// A list of nested mappings, each read completely by `body`.
  package mutating func mappings<T>(
    _ key: String, default fallback: KeyDefault, _ help: String, _ body: (inout YAMLMapping) throws -> T
  ) throws -> [T]? {
    guard let items = try read(key, "a list", fallback, help, { $0.sequence.map(Array.init) }) else { return nil }
    var values: [T] = []
    for (place, item) in items.enumerated() {
      var inner = try YAMLMapping(item, path: "\(name(key))[\(place)]", file: file)
      values.append(try inner.whole(body))
    }
    return values
  }

  /// The key's value if it is a scalar. Otherwise nil, and the key stays unread.
  package mutating func word(_ key: String, type: KeyType, default fallback: KeyDefault, _ help: String) -> String? {
    note(key, type, fallback, help)
    guard let text = entries.first(where: { $0.key == key })?.node.scalar?.string else { return nil }
    _ = take(key)
    return text
  }

  private func note(_ key: String, _ type: KeyType, _ fallback: KeyDefault, _ help: String) {
    notes?.note(KeyDescription(path: name(key), type: type, default: fallback, help: help))
  }

  private mutating func take(_ key: String) -> Node? {
    known.append(key)
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    let node = entries.remove(at: index).node
    return node.null == nil || node.scalar?.style != .plain ? node : nil
  }

  func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private static func place(_ node: Node, _ file: String) -> String {
    node.mark.map { "\(file):\($0.line)" } ?? file
  }
}
