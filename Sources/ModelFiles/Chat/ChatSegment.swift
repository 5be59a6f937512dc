/// A piece of a rendered conversation.
public struct ChatSegment: Sendable, Hashable {
  public let text: String
  /// Whether the template wrote it, and special tokens in it are meant; else it was said by someone.
  public let isMarkup: Bool

  public init(text: String, isMarkup: Bool) {
    self.text = text
    self.isMarkup = isMarkup
  }
}
