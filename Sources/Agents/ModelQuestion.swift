/// The API in which a program asks its model.
package enum ModelDialect: String, Sendable, Hashable, Codable, CaseIterable {
  /// OpenAI's chat completions.
  case chat
  /// OpenAI's Responses.
  case responses
  /// Anthropic's Messages.
  case messages
  /// OpenAI's text completions.
  case text

  /// The endpoint below the base URL and its version, such as `/chat/completions`.
  package var path: String {
    switch self {
    case .chat: "/chat/completions"
    case .responses: "/responses"
    case .messages: "/messages"
    case .text: "/completions"
    }
  }
}

/// The body of a request to a model, as a program sent it.
package struct ModelQuestion: Sendable, Hashable {
  /// The API in which it was asked.
  package var dialect: ModelDialect
  /// The body. Order of members and digits of numbers are those of the program.
  package var body: OrderedJSON

  package init(dialect: ModelDialect, body: OrderedJSON) {
    self.dialect = dialect
    self.body = body
  }

  /// The model that the program asks for; empty if it names none.
  package var model: String { body["model"]?.text ?? "" }

  /// Whether the program wants the answer as a stream of events.
  package var isStreaming: Bool { body["stream"]?.flag ?? false }

  /// Whether the program offers tools to the model.
  package var hasTools: Bool { body["tools"]?.items?.isEmpty == false || body["functions"]?.items?.isEmpty == false }

  /// The endpoint below the base URL and its version.
  package var path: String { dialect.path }
}
