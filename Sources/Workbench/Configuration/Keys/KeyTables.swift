/// The keys of the configuration as tables in Markdown: the marked parts of Documentation/configuration.md.
package struct KeyTables {
  /// One or two tables that belong between `<!-- keys: NAME -->` and `<!-- end -->`.
  package struct Block {
    package let name: String
    package let text: String
  }

  private let groups: [KeyGroup]

  package init(_ groups: [KeyGroup]) { self.groups = groups }

  /// For each section a table of the keys that all kinds share. If the section has kinds, tables of the kinds and of
  /// their keys follow.
  package var blocks: [Block] {
    groups.filter { $0.kind == nil }.flatMap { shared in
      let kinds = groups.filter { $0.section == shared.section && $0.kind != nil }
      let table = Self.table([["key", "type", "meaning", "default"]] + rows(shared.keys).map(\.cells))
      return [Block(name: shared.section, text: table)]
        + (kinds.isEmpty ? [] : [Block(name: "\(shared.section) kinds", text: text(of: kinds))])
    }
  }

  /// Every block with its markers.
  package var text: String {
    blocks.map { "<!-- keys: \($0.name) -->\n\n\($0.text)\n\n<!-- end -->" }.joined(separator: "\n\n")
  }

  // MARK: - Kinds

  private func text(of kinds: [KeyGroup]) -> String {
    let summaries = kinds.map { ["`\($0.kind ?? "")`", $0.summary ?? ""] }
    let keys = sets(of: kinds).flatMap { set in
      let mark = Self.mark(set.kinds, among: kinds.compactMap(\.kind))
      return (rows(set.keys) + set.inherited).enumerated().map { [$0 == 0 ? mark : ""] + $1.cells }
    }
    return Self.table([["kind", "what it is"]] + summaries) + "\n\n"
      + Self.table([["kind", "key", "type", "meaning", "default"]] + keys)
  }

  private struct KindSet {
    let kinds: [String]
    var keys: [KeyDescription] = []
    var inherited: [Row] = []
  }

  /// Groups keys by the kinds that share them, the largest sets of kinds first.
  private func sets(of kinds: [KeyGroup]) -> [KindSet] {
    var sets: [KindSet] = []
    let policy = Set(groups.filter { $0.section == "policy" }.flatMap(\.keys).map { $0.moved(to: "critic") })
    for group in kinds {
      var inherited: [KeyDescription] = []
      for key in group.keys {
        if policy.contains(key) { inherited.append(key) }
        let having = kinds.filter { $0.keys.contains(key) }.compactMap(\.kind)
        guard !policy.contains(key), having.first == group.kind else { continue }
        if let place = sets.firstIndex(where: { $0.kinds == having }) {
          sets[place].keys.append(key)
        } else {
          sets.append(KindSet(kinds: having, keys: [key]))
        }
      }
      guard !inherited.isEmpty, let kind = group.kind else { continue }
      let row = Row(
        keys: group.inner.map { "all other keys that [`policy`](#policy) has for the kind `\($0)`" }
          ?? inherited.filter { !$0.key.contains(".") }.map { "`\($0.key)`" }.joined(separator: ", "),
        type: "as for `policy`", help: "as for `policy`", fallback: "as for `policy`")
      if let place = sets.firstIndex(where: { $0.kinds == [kind] }) {
        sets[place].inherited.append(row)
      } else {
        sets.append(KindSet(kinds: [kind], inherited: [row]))
      }
    }
    let sizes = Set(sets.map(\.kinds.count)).sorted(by: >)
    return sizes.flatMap { size in sets.filter { $0.kinds.count == size } }
  }

  private static func mark(_ kinds: [String], among all: [String]) -> String {
    let others = all.filter { !kinds.contains($0) }
    let names = { (names: [String]) in names.map { "`\($0)`" }.joined(separator: ", ") }
    return others.count < kinds.count ? "all except \(names(others))" : names(kinds)
  }

  // MARK: - Rows

  private struct Row {
    var keys: String
    let type: String
    let help: String
    let fallback: String

    var cells: [String] { [keys, type, help, fallback] }
  }

  /// Adjacent keys with the same description share a row.
  private func rows(_ keys: [KeyDescription]) -> [Row] {
    var rows: [Row] = []
    for key in keys {
      let row = Row(keys: "`\(key.key)`", type: Self.type(key), help: key.help, fallback: key.default)
      if let last = rows.last, last.cells.dropFirst() == row.cells.dropFirst() {
        rows[rows.count - 1].keys += ", " + row.keys
      } else {
        rows.append(row)
      }
    }
    return rows
  }

  private static func type(_ key: KeyDescription) -> String {
    guard let options = key.options else { return key.type }
    let marked = options.map { "`\($0)`" }.joined(separator: ", ")
    return key.type.replacing(options.joined(separator: ", "), with: marked)
  }

  private static func table(_ rows: [[String]]) -> String {
    let lines = rows.map { "| " + $0.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |" }
    let rule = "|" + String(repeating: "---|", count: rows.first?.count ?? 0)
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n")
  }
}
