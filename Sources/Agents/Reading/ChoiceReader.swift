/// Finds the choice that an answer names. Decoration, case and final punctuation do not matter. An ambiguous answer
/// names none.
struct ChoiceReader {
  private let choices: [String]
  /// The choices without white space at the ends, in lower case.
  private let folded: [String]

  private static let punctuation: Set<Character> = [".", ",", ";", ":", "!", "。", "，", "；", "：", "！"]

  init(_ choices: [String]) {
    self.choices = choices
    folded = choices.map { $0.trimmed.lowercased() }
  }

  /// The choice that the words name, in the world's own spelling.
  ///
  /// The closest match decides: first exact, then in any case, then without final punctuation. Each tries the words
  /// with the least decoration removed first. The last comparison removes the choices' decoration, too.
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

  /// `{"action": "look"}`, as models trained on function calling answer.
  private static func named(in text: Substring) -> Substring? {
    guard text.first == "{", let object = JSONValue(parsing: String(text))?.fields else { return nil }
    return (object.count == 1 ? object.first?.value : object["action"])?.text?.trimmed
  }
}
