/// Which of a world's choices an answer names: decoration, case and a final full stop aside, and never where two would do.
struct ChoiceReader {
  private let choices: [String]
  /// Without white space at the ends, in lower case.
  private let folded: [String]

  private static let punctuation: Set<Character> = [".", ",", ";", ":", "!", "。", "，", "；", "：", "！"]

  init(_ choices: [String]) {
    self.choices = choices
    folded = choices.map { $0.trimmed.lowercased() }
  }

  /// The choice that these words are, in the world's own spelling.
  ///
  /// The closest reading decides: letter by letter, then in any case, then without final punctuation, each with as little
  /// decoration taken off as will do. Last, choices lose their decoration too.
  func choice(in words: Substring) -> String? {
    var layers = Decoration.layers(of: words)
    if let inner = layers.last, let named = Self.named(in: inner) { layers.append(named) }
    for layer in layers {
      if let choice = choices.first(where: { $0 == layer || $0.trimmed == layer }) { return choice }
    }
    let texts = layers.map { $0.lowercased() }
    var keys = folded
    for fold in [{ $0 }, Self.withoutPunctuation, Self.bare] as [(String) -> String] {
      keys = keys.map(fold)
      for text in texts {
        let wanted = fold(text)
        guard !wanted.isEmpty else { continue }
        let found = Set(keys.indices.filter { keys[$0] == wanted }.map { choices[$0] })
        if let choice = found.first { return found.count == 1 ? choice : nil }
      }
    }
    return nil
  }

  private static func withoutPunctuation(_ text: String) -> String {
    var rest = text[...]
    while let last = rest.last, punctuation.contains(last) { rest = rest.dropLast().trimmed }
    return String(rest)
  }

  private static func bare(_ text: String) -> String { Decoration.layers(of: text[...]).last.map(String.init) ?? text }

  /// `{"action": "look"}`, as models write that were trained to call functions.
  private static func named(in text: Substring) -> Substring? {
    guard text.first == "{", let object = JSONValue(parsing: String(text))?.fields else { return nil }
    return (object.count == 1 ? object.first?.value : object["action"])?.text?.trimmed
  }
}
