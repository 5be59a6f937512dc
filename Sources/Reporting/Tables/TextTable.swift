/// A table for a terminal or a file: plain text in a monospaced font, or Markdown.
///
/// ```swift
/// var table = TextTable(title: "Rewards", columns: [.left("method"), .right("best")])
/// table.append(["amc", "0.738"])
/// print(table.text)
/// // Rewards
/// // method   best
/// // ──────  ─────
/// // amc     0.738
/// ```
package struct TextTable: Sendable, Hashable {
  /// A heading and the alignment of the column's cells.
  package struct Column: Sendable, Hashable {
    package enum Alignment: Sendable, Hashable { case left, right }

    package let heading: String
    package let alignment: Alignment

    /// For text.
    package static func left(_ heading: String) -> Column { Column(heading: visible(heading), alignment: .left) }
    /// For numbers.
    package static func right(_ heading: String) -> Column { Column(heading: visible(heading), alignment: .right) }
  }

  package let title: String?
  package let columns: [Column]
  package private(set) var rows: [[String]] = []

  package init(title: String? = nil, columns: [Column], rows: [[String]] = []) {
    self.title = title.map { visible($0) }
    self.columns = columns
    for row in rows { append(row) }
  }

  /// Appends a row. Control characters in its cells are made visible.
  /// - Precondition: one cell per column.
  package mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "one cell per column")
    rows.append(row.map { visible($0) })
  }

  /// The widest cell of each column, in user-perceived characters.
  private var widths: [Int] {
    columns.indices.map { column in
      rows.reduce(columns[column].heading.count) { max($0, $1[column].count) }
    }
  }

  /// The width in characters, without the title.
  package var width: Int { widths.reduce(0, +) + 2 * max(columns.count - 1, 0) }

  /// Plain text without colours or a final newline.
  package var text: String {
    let widths = widths
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    let lines = [line(columns.map(\.heading), widths), rule] + rows.map { line($0, widths) }
    return ((title.map { [$0] } ?? []) + lines).joined(separator: "\n")
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = cells.indices.map { column in
      let space = String(repeating: " ", count: widths[column] - cells[column].count)
      return columns[column].alignment == .left ? cells[column] + space : space + cells[column]
    }
    let line = padded.joined(separator: "  ")
    return String(line[..<(line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)])
  }

  /// The table in GitHub's Markdown.
  package var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let rules = columns.map { $0.alignment == .left ? ":--" : "--:" }
    let lines =
      [line(columns.map { markdownEscaped($0.heading) }), line(rules)]
      + rows.map { line($0.map(markdownEscaped)) }
    return ((title.map { ["**\(markdownEscaped($0))**", ""] } ?? []) + lines).joined(separator: "\n")
  }
}

/// Escapes text for Markdown.
func markdownEscaped(_ text: String) -> String {
  var result = ""
  for character in text {
    if "\\`*_[]<>&|~".contains(character) { result.append("\\") }
    result.append(character)
  }
  return result
}
