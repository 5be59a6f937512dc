/// Records the keys that are read from an empty mapping, for the documentation.
final class KeyNotes {
  private(set) var keys: [KeyDescription] = []
  /// The chosen kinds, by the path of the key that names them.
  private(set) var kinds: [String: String]
  /// The alternatives that were not followed: other kinds at one of those keys.
  private(set) var others: [[String: String]] = []

  init(kinds: [String: String]) { self.kinds = kinds }

  func note(_ key: KeyDescription) {
    // A value with two forms is read twice. The first description covers both.
    if !keys.contains(where: { $0.path == key.path }) { keys.append(key) }
  }

  /// The kind that is chosen in this pass.
  func kind(_ path: String, among names: [String]) -> String? {
    if let kind = kinds[path] { return kind }
    others += names.dropFirst().map { kinds.merging([path: $0]) { $1 } }
    kinds[path] = names.first
    return names.first
  }

  /// Every key that `body` reads, in one pass for each kind that it can choose.
  ///
  /// - Returns: for each pass the keys, and the chosen kinds by the path of the key that names them.
  static func listings<T>(
    _ section: String, _ body: (inout YAMLMapping) throws -> T
  ) -> [(kinds: [String: String], keys: [KeyDescription])] {
    var listings: [(kinds: [String: String], keys: [KeyDescription])] = []
    var open: [[String: String]] = [[:]]
    while !open.isEmpty {
      let notes = KeyNotes(kinds: open.removeFirst())
      var yaml = YAMLMapping(notes: notes, path: section)
      // An error is expected, since required keys are missing.
      _ = try? body(&yaml)
      listings.append((notes.kinds, notes.keys))
      open.insert(contentsOf: notes.others, at: 0)
    }
    return listings
  }
}
