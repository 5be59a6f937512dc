import Agents

/// A question to a model, independent of its dialect.
///
/// Fields that do not change the answer are dropped: user, metadata, storage, streaming, service tier, cache keys. A
/// seed is dropped where the target has none, because the distribution of answers stays the same.
package struct NeutralRequest: Sendable, Hashable {
  /// A function that the model may call.
  package struct Tool: Sendable, Hashable {
    package var name: String
    package var description: String?
    /// The JSON schema of the arguments.
    package var schema: OrderedJSON?
    /// Whether the arguments must keep to the schema.
    package var strict: Bool?
  }

  /// What the model must do with the tools.
  package enum ToolChoice: Sendable, Hashable {
    case auto, none, required
    case named(String)
  }

  /// The form of the answer's text.
  package enum Format: Sendable, Hashable {
    case text, jsonObject
    case schema(name: String?, description: String?, strict: Bool?, schema: OrderedJSON)
  }

  /// The dialect of the question.
  package let source: ModelDialect
  /// The texts of leading system and developer messages.
  package var instructions: [String] = []
  /// The conversation, in order.
  package var turns: [ConversationTurn] = []
  /// The functions that the model may call.
  package var tools: [Tool] = []
  /// nil for the server's default.
  package var toolChoice: ToolChoice?
  /// False if the model may make one call at a time at most.
  package var parallelToolCalls: Bool?
  /// nil for plain text.
  package var format: Format?
  /// Texts that end the answer.
  package var stop: [String] = []
  /// Limit of the answer's length, thoughts included.
  package var maxTokens: Int?
  // Numbers as the program wrote them.
  package var temperature: OrderedJSON?
  package var topP: OrderedJSON?
  package var topK: OrderedJSON?
  package var seed: OrderedJSON?
  /// How much the model thinks: `none`, `minimal`, `low`, `medium`, `high` or a server's own word.
  package var reasoningEffort: String?
  /// OpenAI's setting of the length of texts.
  package var verbosity: String?
  /// Whether log-probabilities of tokens are asked for.
  package var logProbabilities = false
  /// How many alternatives are asked for at each token.
  package var topLogProbabilities: Int?

  /// Reads a question.
  ///
  /// - Throws: an error that names the first thing which changes the answer and which no other dialect has.
  package init(_ question: ModelQuestion) throws(UntranslatableError) {
    source = question.dialect
    switch question.dialect {
    case .chat: try readChat(question.body)
    case .responses: try readResponses(question.body)
    case .messages: try readMessages(question.body)
    case .text: throw UntranslatableError(.text, with: "a prompt of plain text")
    }
  }

  /// The body of the question in a dialect, without the model. It never asks for a stream.
  ///
  /// - Throws: an error that names the first thing which the dialect does not have.
  package func body(in dialect: ModelDialect) throws(UntranslatableError) -> OrderedJSON {
    switch dialect {
    case .chat: try chatBody()
    case .responses: try responsesBody()
    case .messages: try messagesBody()
    case .text: throw UntranslatableError(source, with: "turns of a conversation", target: .text)
    }
  }

  /// The error for something that `target` does not have.
  func lacking(_ feature: String, _ target: ModelDialect) -> UntranslatableError {
    UntranslatableError(source, with: feature, target: target)
  }

  /// Adds parts of an answer to the last turn if it is the model's, else as a new turn.
  mutating func appendAnswer(_ parts: [AnswerPart]) {
    if case .assistant(let earlier) = turns.last {
      turns[turns.count - 1] = .assistant(earlier + parts)
    } else {
      turns.append(.assistant(parts))
    }
  }

  /// Adds the text of a system or developer message.
  mutating func appendInstructions(_ text: String) {
    if turns.isEmpty { instructions.append(text) } else { turns.append(.instructions(text)) }
  }

  /// A program that ends with the model's turn wants it continued by Anthropic's server, and not by OpenAI's.
  func refusePrefill(_ target: ModelDialect) throws(UntranslatableError) {
    if case .assistant = turns.last, source == .messages || target == .messages {
      throw lacking("an answer to be continued (the last turn is the assistant's)", target)
    }
  }
}

extension [ContentPart] {
  /// The text if there is nothing else; texts are joined by line breaks.
  var onlyText: String? {
    var texts: [String] = []
    for part in self {
      guard case .text(let text) = part else { return nil }
      texts.append(text)
    }
    return texts.joined(separator: "\n")
  }
}
