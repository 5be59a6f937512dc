extension ConstraintError {
  /// The text around the place of the error, and below it a caret under the offending character; nil if the place is
  /// no character.
  ///
  /// - Parameter text: The regular expression or the grammar.
  public func excerpt(of text: String) -> String? {
    let lines: [Substring.UnicodeScalarView]
    let column: Int
    switch place {
    case .character(let number): (lines, column) = ([text.unicodeScalars[...]], number)
    case .line(let number, let inLine):
      lines = Array(text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(number - 1))
      column = inLine
    case .whole, .path, .choice: return nil
    }
    guard let line = lines.first, column > 0 else { return nil }
    let first = max(0, column - 40)
    var shown = String.UnicodeScalarView()
    for scalar in line.dropFirst(first).prefix(78) {
      switch scalar.properties.generalCategory {
      // These would move the caret, or hide or reorder the text.
      case .control, .format, .lineSeparator, .paragraphSeparator: shown.append(" ")
      default: shown.append(scalar)
      }
    }
    return "  \(String(shown))\n  \(String(repeating: " ", count: column - 1 - first))^"
  }
}
