/// An action in the shop.
enum ShopAction: Equatable {
  case search(String)
  case click(String)

  /// Reads `search[keywords]` or `click[label]` from the first line. The label extends from the first bracket to the
  /// last.
  ///
  /// - Returns: nil if the text has neither form, or the brackets are empty.
  init?(_ text: String) {
    // Further lines are ignored, since models often go on talking.
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
