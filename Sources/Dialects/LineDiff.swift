/// A unified diff of two texts, short enough for a terminal.
enum LineDiff {
  /// Lines of context, lines in all, and characters of a line at most.
  private static let (context, most, width) = (3, 30, 160)

  /// The lines that differ with some lines around them: ` ` for both, `-` for the first text, `+` for the second.
  static func between(_ first: String, _ second: String) -> String {
    let (a, b) = (lines(first), lines(second))
    let (start, end) = common(a, b)
    var shown: [String] = []
    for line in a[max(0, start - context)..<start] { shown.append(" " + clipped(line, around: 0)) }
    let (old, new) = (a[start..<(a.count - end)], b[start..<(b.count - end)])
    shown += edits(Array(old), Array(new))
    for line in a[(a.count - end)..<min(a.count, a.count - end + context)] {
      shown.append(" " + clipped(line, around: 0))
    }
    if shown.count > most { shown = Array(shown[..<(most - 1)]) + ["… \(shown.count - most + 1) more lines"] }
    return "@@ -\(start + 1),\(old.count) +\(start + 1),\(new.count) @@\n" + shown.joined(separator: "\n")
  }

  /// The texts without their common first and last lines.
  static func differing(_ first: String, _ second: String) -> (String, String) {
    let (a, b) = (lines(first), lines(second))
    let (start, end) = common(a, b)
    return (a[start..<(a.count - end)].joined(separator: "\n"), b[start..<(b.count - end)].joined(separator: "\n"))
  }

  /// How many lines are common at the start and at the end.
  private static func common(_ a: [Substring], _ b: [Substring]) -> (start: Int, end: Int) {
    let start = zip(a, b).prefix { $0.utf8.elementsEqual($1.utf8) }.count
    var end = 0
    while end < min(a.count, b.count) - start, a[a.count - 1 - end].utf8.elementsEqual(b[b.count - 1 - end].utf8) {
      end += 1
    }
    return (start, end)
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  /// The lines of the differing middle, with common ones found by their longest common subsequence if it is short.
  private static func edits(_ a: [Substring], _ b: [Substring]) -> [String] {
    // A pair of lines is clipped around its first difference.
    if a.count == b.count, a.count == 1 { return pair(a[0], b[0]) }
    guard a.count * b.count <= 40_000 else { return block(a, b) }
    var lengths = Array(repeating: Array(repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in a.indices.reversed() {
      for j in b.indices.reversed() {
        lengths[i][j] = a[i] == b[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
      }
    }
    var (i, j) = (0, 0)
    var (removed, added, shown): ([Substring], [Substring], [String]) = ([], [], [])
    func flush() {
      shown += block(removed, added)
      (removed, added) = ([], [])
    }
    while i < a.count || j < b.count {
      if i < a.count, j < b.count, a[i] == b[j] {
        flush()
        shown.append(" " + clipped(a[i], around: 0))
        (i, j) = (i + 1, j + 1)
      } else if j >= b.count || (i < a.count && lengths[i + 1][j] >= lengths[i][j + 1]) {
        removed.append(a[i])
        i += 1
      } else {
        added.append(b[j])
        j += 1
      }
    }
    flush()
    return shown
  }

  /// Lines that were replaced; of many, the first ones of both.
  private static func block(_ removed: [Substring], _ added: [Substring]) -> [String] {
    let each = most / 3
    var shown: [String]
    if removed.count == added.count {
      let pairs = zip(removed, added).prefix(each).map(pair)
      shown = pairs.map { $0[0] } + pairs.map { $0[1] }
    } else {
      shown = removed.prefix(each).map { "-" + clipped($0, around: 0) }
      shown += added.prefix(each).map { "+" + clipped($0, around: 0) }
    }
    let hidden = max(0, removed.count - each) + max(0, added.count - each)
    return hidden > 0 ? shown + ["… \(hidden) more lines"] : shown
  }

  private static func pair(_ a: Substring, _ b: Substring) -> [String] {
    let place = zip(a, b).prefix { $0 == $1 }.count
    return ["-" + clipped(a, around: place), "+" + clipped(b, around: place)]
  }

  /// A long line's part around a character.
  private static func clipped(_ line: Substring, around place: Int) -> String {
    guard line.count > width else { return String(line) }
    let start = max(0, min(place - width / 2, line.count - width))
    let part = line.dropFirst(start).prefix(width)
    return (start > 0 ? "…" : "") + part + (start + width < line.count ? "…" : "")
  }
}
