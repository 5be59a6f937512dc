import Agents

/// The first difference between a recorded question and the one of a replay.
package struct QuestionDifference: Sendable, Hashable {
  /// Where they differ, such as `messages[3].content`.
  package let path: String
  /// The texts or the JSON there; nil if one question has nothing there.
  package let recorded: String?
  package let replayed: String?
  /// The two as a short unified diff.
  package let diff: String
  /// A pattern for `ignore` that makes these texts equal; nil if the difference does not look accidental.
  package let suggestion: String?
}

extension QuestionComparison {
  /// The first difference that counts, in the order of sorted members; nil if there is none.
  package func difference(recorded: ModelQuestion, replayed: ModelQuestion) -> QuestionDifference? {
    if recorded.dialect != replayed.dialect {
      return QuestionDifference(
        path: "dialect", recorded: recorded.dialect.rawValue, replayed: replayed.dialect.rawValue,
        diff: "-\(recorded.dialect.rawValue)\n+\(replayed.dialect.rawValue)", suggestion: nil)
    }
    let counted = (normalised(recorded), normalised(replayed))
    guard let steps = Self.difference(counted.0, counted.1) else { return nil }
    let (old, new) = (plain(recorded).value(at: steps), plain(replayed).value(at: steps))
    let normal = (counted.0.value(at: steps), counted.1.value(at: steps))
    var suggestion: String?
    if let a = normal.0?.text, let b = normal.1?.text, let old = old?.text, let new = new?.text {
      suggestion = Suggestion.pattern(a, b) { pattern in
        guard let lenient = try? QuestionComparison(match, ignore: ignore + [pattern], folders: folders) else {
          return false
        }
        let clean = lenient.cleaner()
        return clean(old) == clean(new)
      }
    }
    return QuestionDifference(
      path: steps.path, recorded: old?.shown, replayed: new?.shown,
      diff: LineDiff.between(old?.shown ?? "", new?.shown ?? ""), suggestion: suggestion)
  }

  private static func difference(_ a: OrderedJSON, _ b: OrderedJSON) -> [JSONStep]? {
    if a == b { return nil }
    switch (a, b) {
    case (.list(let a), .list(let b)):
      for place in 0..<max(a.count, b.count) {
        guard place < a.count, place < b.count else { return [.index(place)] }
        if let rest = difference(a[place], b[place]) { return [.index(place)] + rest }
      }
      return nil
    case (.object(let own), .object(let other)):
      // Both are sorted. A member that only one has is a difference, too.
      for key in Set((own + other).map(\.key)).sorted() {
        guard let a = a[key], let b = b[key] else { return [.key(key)] }
        if let rest = difference(a, b) { return [.key(key)] + rest }
      }
      return nil
    default: return []
    }
  }
}

/// A step from a JSON value to a part of it.
private enum JSONStep {
  case key(String)
  case index(Int)
}

extension [JSONStep] {
  fileprivate var path: String {
    var path = ""
    for step in self {
      switch step {
      case .key(let key): path += (path.isEmpty ? "" : ".") + key
      case .index(let index): path += "[\(index)]"
      }
    }
    return path
  }
}

extension OrderedJSON {
  fileprivate func value(at steps: [JSONStep]) -> OrderedJSON? {
    var value: OrderedJSON? = self
    for step in steps {
      switch step {
      case .key(let key): value = value?[key]
      case .index(let index):
        guard let items = value?.items, items.indices.contains(index) else { return nil }
        value = items[index]
      }
    }
    return value
  }
}

/// Finds a pattern that makes two texts equal.
enum Suggestion {
  private static let kinds = [
    #"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"#,
    #"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"#,
    #"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"#,
    #"/(private/)?(var/folders|tmp|var/tmp)/[^\s"')]+"#,
    #"0x[0-9a-fA-F]+"#,
    #"\b[0-9a-fA-F]{7,}\b"#,
    #"\d+(\.\d+)?"#,
  ]

  /// A pattern, with the words before it where those suffice; nil if none fits.
  ///
  /// - Parameter holds: whether the pattern also makes the texts equal from which these were made.
  static func pattern(_ a: String, _ b: String, holds: (String) -> Bool) -> String? {
    // No pattern goes beyond a line.
    let (a, b) = LineDiff.differing(a, b)
    guard a.utf8.count + b.utf8.count <= 40_000 else { return nil }
    let before = context(a, b)
    for kind in kinds {
      // A pattern of bare numbers would hide too much.
      let patterns = kind == kinds.last ? [before + kind] : [before + kind, kind]
      for pattern in patterns where pattern != kinds.last {
        guard let regex = try? Regex(pattern) else { continue }
        let (first, second) = (a.replacing(regex, with: ""), b.replacing(regex, with: ""))
        if first == second, holds(pattern) { return pattern }
      }
    }
    return nil
  }

  /// The word before the first difference as a pattern; empty if there is none on the line.
  private static func context(_ a: String, _ b: String) -> String {
    let common = String(zip(a, b).prefix { $0 == $1 }.map(\.0))
    var line = common.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    // The token that differs may begin within the common text.
    while let last = line.last, !last.isWhitespace, !"=:#([\"'".contains(last) { line.removeLast() }
    let end = line.reversed().prefix { !$0.isLetter }
    let word = line.dropLast(end.count).reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    guard !word.isEmpty, end.count <= 3 else { return "" }
    return escaped(String(word.reversed()) + String(end.reversed()))
  }

  private static func escaped(_ text: String) -> String {
    text.map { #"\^$.|?*+()[]{}"#.contains($0) ? "\\\($0)" : String($0) }.joined()
  }
}
