/// The tokens that end a turn. Some servers leave them in the text, followed by a next turn that the model invented.
enum TurnEnd {
  /// Tokens that do not have the form `<|…|>`.
  private static let tokens = [
    "</s>", "<s>", "<eos>", "<bos>", "<end_of_turn>", "<start_of_turn>", "<turn|>", "<|turn>", "[/INST]", "[INST]",
    "<EOT>",
    "<end_of_utterance>",
  ].map { Array($0.utf8) }

  private static let roles: Set<Substring> = ["", "assistant", "model", "Assistant"]

  /// The text before the first token that ends the turn. Tokens at the beginning are skipped, together with the
  /// speaker's name.
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
    // "<|im_start|>assistant\n" puts the speaker on a line of its own.
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
      // Bounds the length of a token's name.
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
