/// A piece of a rendered conversation.
package struct ChatSegment: Sendable, Hashable {
  package let text: String
  /// Whether the template wrote it, and special tokens in it are meant; else it was said by someone.
  package let isMarkup: Bool

  package init(text: String, isMarkup: Bool) {
    self.text = text
    self.isMarkup = isMarkup
  }
}
