/// What surrounds an action without being part of it: Markdown, code fences, quotation marks, brackets, a bullet, a
/// full stop.
enum Decoration {
  /// Marks that open and close alike, longest first.
  private static let marks = ["**", "__", "``", "*", "_", "`", "\"", "'"]
  private static let brackets: [Character: Character] = [
    "(": ")", "[": "]", "{": "}", "<": ">", "“": "”", "‘": "’", "„": "“", "«": "»", "「": "」", "『": "』", "【": "】",
    "《": "》",
  ]
  private static let bullets = ["- ", "* ", "• ", "> ", "+ "]
  private static let fence = "```"
  /// The characters that may surround a marker such as `**Action:**`.
  static let characters = Set<Character>("*_`\"'“”‘’«»「」『』【】()[]{}<>~")

  /// Answers with more layers around an action do not occur.
  private static let mostLayers = 8

  /// The trimmed text, followed by the text with one layer of decoration less each time.
  static func layers(of text: Substring) -> [Substring] {
    var layers = [text.trimmed]
    while layers.count <= mostLayers, let inner = layers.last.flatMap(unwrapped) { layers.append(inner) }
    return layers
  }

  /// The closing half of a marker's decoration: `]**` for `**[`.
  static func closing(of opening: some StringProtocol) -> String {
    String(opening.reversed().map { brackets[$0] ?? $0 })
  }

  /// The text with one layer less, or nil if it has no decoration.
  private static func unwrapped(_ text: Substring) -> Substring? {
    guard let first = text.first, let last = text.last else { return nil }
    let inner = fenced(text) ?? marked(text) ?? bracketed(text, first, last) ?? tagged(text) ?? stopped(text, last)
    guard let inner = (inner ?? bulleted(text))?.trimmed, !inner.isEmpty else { return nil }
    return inner
  }

  /// The content of a code fence, all lines included.
  static func fenced(_ text: Substring) -> Substring? {
    guard text.hasPrefix(fence) else { return nil }
    var inner = text.dropFirst(fence.count)
    if let end = inner.range(of: fence, last: false) { inner = inner[..<end.lowerBound] }
    // The first line may name the language.
    if let newline = inner.firstIndex(where: \.isNewline) {
      let language = inner[..<newline].trimmed
      if language.allSatisfy({ $0.isLetter || $0.isNumber || "+-#_".contains($0) }) { inner = inner[newline...] }
    }
    return inner
  }

  private static func marked(_ text: Substring) -> Substring? {
    for mark in marks where text.hasPrefix(mark) && text.hasSuffix(mark) {
      let inner = text.dropFirst(mark.count).dropLast(mark.count)
      guard text.count > 2 * mark.count, mark == "'" || inner.range(of: mark, last: false) == nil else { continue }
      return inner
    }
    return nil
  }

  private static func bracketed(_ text: Substring, _ first: Character, _ last: Character) -> Substring? {
    if text.hasPrefix("\\boxed{"), last == "}" { return text.dropFirst("\\boxed{".count).dropLast() }
    guard brackets[first] == last, text.count > 2 else { return nil }
    // The brackets surround the text only if the last one closes the first one.
    var depth = 0
    for place in text.indices {
      if text[place] == first { depth += 1 } else if text[place] == last { depth -= 1 }
      if depth == 0 { if text.index(after: place) == text.endIndex { break } else { return nil } }
    }
    // JSON objects and lists are actions of some worlds, so their brackets are kept.
    guard depth == 0, !(first == "{" || first == "[") || !isJSON(text) else { return nil }
    return text.dropFirst().dropLast()
  }

  private static func tagged(_ text: Substring) -> Substring? {
    for (opening, closing) in [("<action>", "</action>"), ("<answer>", "</answer>")] {
      guard let end = text.end(of: Array(opening.utf8), at: text.startIndex) else { continue }
      let inner = text[end...]
      guard inner.count >= closing.count, inner.suffix(closing.count).lowercased() == closing else { continue }
      return inner.dropLast(closing.count)
    }
    return nil
  }

  /// Removes a full stop after a word or a closing bracket. "cd .." and "wait..." keep theirs.
  private static func stopped(_ text: Substring, _ last: Character) -> Substring? {
    guard last == "." || last == "。" else { return nil }
    let rest = text.dropLast()
    guard let before = rest.last, before.isLetter || before.isNumber || characters.contains(before) else { return nil }
    return rest
  }

  /// Removes a bullet, except before a digit: "- 5" may be a number.
  private static func bulleted(_ text: Substring) -> Substring? {
    for bullet in bullets where text.hasPrefix(bullet) {
      let inner = text.dropFirst(bullet.count).trimmed
      return inner.first?.isNumber == true ? nil : inner
    }
    return nil
  }

  static func isJSON(_ text: Substring) -> Bool { JSONValue(parsing: String(text)) != nil }
}
