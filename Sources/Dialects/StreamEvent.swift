import Agents

/// One server-sent event.
package struct StreamEvent: Sendable, Hashable {
  /// The event's name; nil in OpenAI's completions.
  package let name: String?
  /// The data: JSON on one line, or `[DONE]`.
  package let data: String

  package init(name: String? = nil, data: String) {
    self.name = name
    self.data = data
  }

  /// The event as it is sent.
  package var text: String { (name.map { "event: \($0)\n" } ?? "") + "data: \(data)\n\n" }
}

extension ModelQuestion {
  /// A whole answer in the question's dialect as the stream that the program asked for.
  ///
  /// Texts come in several pieces, as clients expect them. Everything else that the answer has, such as usage, is in
  /// the stream, too.
  package func events(of answer: OrderedJSON) -> [StreamEvent] {
    switch dialect {
    case .chat: chatEvents(answer)
    case .text: textEvents(answer)
    case .responses: ResponsesStream.events(of: answer)
    case .messages: messagesEvents(answer)
    }
  }
}

extension String {
  /// The text in pieces of about `length` characters that end with a space where there is one. No text has no pieces.
  func pieces(of length: Int = 20) -> [String] {
    var pieces: [String] = []
    var piece = ""
    var count = 0
    for character in self {
      piece.append(character)
      count += 1
      if count >= 2 * length || (count >= length && character.isWhitespace) {
        pieces.append(piece)
        (piece, count) = ("", 0)
      }
    }
    if !piece.isEmpty { pieces.append(piece) }
    return pieces
  }
}
