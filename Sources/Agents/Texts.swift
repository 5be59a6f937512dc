extension StringProtocol where SubSequence == Substring {
  /// The text without white space at its ends.
  package var trimmed: Substring {
    var text = self[startIndex...].drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

extension String {
  /// Whether both texts have the same words in any order: some worlds list things in a different order each time.
  package func saysTheSame(as other: String) -> Bool {
    self == other
      || split(whereSeparator: \.isWhitespace).sorted() == other.split(whereSeparator: \.isWhitespace).sorted()
  }

  /// The text with a space for every control character. Texts of unknown origin end up in databases and on terminals.
  package var printable: String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    return String(String.UnicodeScalarView(unicodeScalars.map { $0.isControl ? " " : $0 }))
  }

  /// The first `length` characters on one line, with an ellipsis if any were omitted.
  package func clipped(to length: Int) -> String {
    let start = prefix(length)
    return String(start).printable + (start.endIndex < endIndex ? "…" : "")
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool {
    value < 0x20 || (0x7f...0x9f).contains(value) || value == 0x2028 || value == 0x2029
  }
}
