/// The keys that were read of a mapping that has none, for documentation.
final class KeyNotes {
  private(set) var keys: [KeyDescription] = []
  /// The kinds that were taken, by the path of the key that names them.
  private(set) var kinds: [String: String]
  /// The ways that were not gone: other kinds at one of those keys.
  private(set) var others: [[String: String]] = []

  init(kinds: [String: String]) { self.kinds = kinds }

  func note(_ key: KeyDescription) {
    // Where a value has two forms, it is read twice; the first description is of both.
    if !keys.contains(where: { $0.path == key.path }) { keys.append(key) }
  }

  /// The kind that is taken this time.
  func kind(_ path: String, among names: [String]) -> String? {
    if let kind = kinds[path] { return kind }
    others += names.dropFirst().map { kinds.merging([path: $0]) { $1 } }
    kinds[path] = names.first
    return names.first
  }

  /// Every key that `body` reads, once for each of the kinds between which it chooses.
  ///
  /// - Returns: the keys, with the kinds that they are of, by the path of the key that names them.
  static func listings<T>(
    _ section: String, _ body: (inout YAMLMapping) throws -> T
  ) -> [(kinds: [String: String], keys: [KeyDescription])] {
    var listings: [(kinds: [String: String], keys: [KeyDescription])] = []
    var open: [[String: String]] = [[:]]
    while !open.isEmpty {
      let notes = KeyNotes(kinds: open.removeFirst())
      var yaml = YAMLMapping(notes: notes, path: section)
      // It lacks what is required.
      _ = try? body(&yaml)
      listings.append((notes.kinds, notes.keys))
      open.insert(contentsOf: notes.others, at: 0)
    }
    return listings
  }
}
