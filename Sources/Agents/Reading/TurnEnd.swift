/// The tokens that end a turn, where a server leaves them in the text: what follows is the next turn, which a model imagines.
enum TurnEnd {
  /// Tokens of other shapes than `<|…|>`.
  private static let tokens = [
    "</s>", "<s>", "<eos>", "<bos>", "<end_of_turn>", "<start_of_turn>", "<turn|>", "<|turn>", "[/INST]", "[INST]",
    "<EOT>",
    "<end_of_utterance>",
  ].map { Array($0.utf8) }

  private static let roles: Set<Substring> = ["", "assistant", "model", "Assistant"]

  /// What a text says before the first token that ends it. Tokens at its beginning, with the name of the one who speaks, are
  /// skipped.
  static func words(of text: Substring) -> Substring {
    var (start, place, end) = (text.startIndex, text.startIndex, text.endIndex)
    while let next = text.utf8[place...].firstIndex(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "[") }) {
      guard let behind = self.end(ofTokenAt: next, in: text) else {
        place = text.utf8.index(after: next)
        continue
      }
      guard roles.contains(text[start..<next].trimmed) else {
        end = next
        break
      }
      (start, place) = (behind, behind)
    }
    let words = text[start..<end].trimmed
    // "<|im_start|>assistant\n" names the speaker on a line of its own.
    guard start > text.startIndex, let newline = words.firstIndex(where: \.isNewline) else { return words }
    return roles.contains(words[..<newline].trimmed) ? words[newline...].trimmed : words
  }

  private static func end(ofTokenAt start: String.Index, in text: Substring) -> String.Index? {
    for token in tokens {
      if let end = text.end(of: token, at: start) { return end }
    }
    for (opening, closing) in [("<|", "|>"), ("<｜", "｜>")] {
      guard let name = text.end(of: Array(opening.utf8), at: start) else { continue }
      var place = name
      // No token's name is longer.
      for _ in 0..<48 {
        guard place < text.endIndex else { return nil }
        if let end = text.end(of: Array(closing.utf8), at: place) { return place > name ? end : nil }
        let character = text[place]
        guard character.isLetter || character.isNumber || "_-▁".contains(character) else { return nil }
        place = text.index(after: place)
      }
    }
    return nil
  }
}
