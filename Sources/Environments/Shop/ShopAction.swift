/// What an agent asks the shop to do.
enum ShopAction: Equatable {
  case search(String)
  case click(String)

  /// Reads `search[keywords]` or `click[label]` from the first line: the name before the first bracket, the rest up to
  /// the last one.
  ///
  /// - Returns: nil where the text is neither, or nothing stands between the brackets.
  init?(_ text: String) {
    // What follows on further lines is the model talking on.
    let text = text.trimmed.prefix { !$0.isNewline }
    guard let open = text.firstIndex(of: "["), let close = text.lastIndex(of: "]"), open < close else { return nil }
    let value = text[text.index(after: open)..<close].trimmed
    guard !value.isEmpty else { return nil }
    switch text[..<open].trimmed.lowercased() {
    case "search": self = .search(String(value))
    case "click": self = .click(String(value))
    default: return nil
    }
  }
}
