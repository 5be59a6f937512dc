/// A piece of a rendered conversation.
package struct ChatSegment: Sendable, Hashable {
  package let text: String
  /// Whether the template wrote the text, so that special tokens in it count. Otherwise it is the content of a message.
  package let isMarkup: Bool

  package init(text: String, isMarkup: Bool) {
    self.text = text
    self.isMarkup = isMarkup
  }
}
