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
  /// Where reads are noted. There is no YAML then, and every key reads as one that is not given.
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
        throw ConfigurationError("\(Self.place(value, file)): the key \(key) stands twice.")
      }
      entries.append((key, value))
    }
  }

  /// A digest of every key and value, in the order in which they are written.
  package var digest: String {
    var digest = Digest()
    // Aliases of aliases make a short text as large as one likes: what is beyond the bound is not told apart.
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

  /// Has no keys, and notes those that are read.
  init(notes: KeyNotes, path: String) {
    (self.notes, self.path, file, entries) = (notes, path, "", [])
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

  /// One key, with what documentation says of it.
  ///
  /// - Parameters:
  ///   - type: what its value is, as errors say it: "a whole number".
  ///   - fallback: what holds where it is not given.
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

  /// A mapping inside this one, read whole by `body`.
  ///
  /// - Parameter type: what the mapping is of.
  package mutating func mapping<T>(
    _ key: String, type: KeyType = "a mapping", default fallback: KeyDefault, _ help: String,
    _ body: (inout YAMLMapping) throws -> T
  ) throws -> T? {
    note(key, type, fallback, help)
    if let notes {
      var inner = YAMLMapping(notes: notes, path: name(key))
      // It lacks what is required.
      _ = try? body(&inner)
      return nil
    }
    guard let node = take(key) else { return nil }
    var inner = try YAMLMapping(node, path: name(key), file: file)
    return try inner.whole(body)
  }

  /// A list of mappings inside this one, each read whole by `body`.
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

  /// The key's value where it is a single word, else nil and the key stays unread.
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
