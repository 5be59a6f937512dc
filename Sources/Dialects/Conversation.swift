import Agents

/// Where an image or a file is.
package enum MediaSource: Sendable, Hashable {
  /// An address that the server fetches.
  case url(String)
  /// The bytes in base64, with their media type, such as `image/png`.
  case data(type: String, base64: String)
  /// A file that was uploaded to the server.
  case id(String)

  /// Reads an address, which may be a `data:` URL.
  init(address: String) {
    if address.hasPrefix("data:"), let comma = address.firstIndex(of: ",") {
      let header = address[..<comma].dropFirst("data:".count)
      if header.hasSuffix(";base64") {
        self = .data(
          type: String(header.dropLast(";base64".count)), base64: String(address[address.index(after: comma)...]))
        return
      }
    }
    self = .url(address)
  }

  /// The address, as a `data:` URL for bytes; nil for an uploaded file.
  var address: String? {
    switch self {
    case .url(let address): address
    case .data(let type, let base64): "data:\(type);base64,\(base64)"
    case .id: nil
    }
  }
}

/// One part of what a model reads.
package enum ContentPart: Sendable, Hashable {
  case text(String)
  /// An image. `detail` is OpenAI's setting of the resolution.
  case image(MediaSource, detail: String?)
  case file(MediaSource, name: String?)
  /// A recording in base64. The format is such as `wav`.
  case audio(base64: String, format: String)

  /// The part's kind, for messages.
  var noun: String {
    switch self {
    case .text: "text"
    case .image: "image input"
    case .file: "file input"
    case .audio: "audio input"
    }
  }
}

/// A call of a tool by the model.
package struct CalledTool: Sendable, Hashable {
  /// Names the call; its result repeats it.
  package var id: String
  /// The name of the function.
  package var name: String
  /// The arguments as the model wrote them: mostly a JSON object.
  package var arguments: String

  package init(id: String, name: String, arguments: String) {
    self.id = id
    self.name = name
    self.arguments = arguments
  }
}

/// A model's thoughts before an answer.
package struct Reasoning: Sendable, Hashable {
  /// The thoughts or their summary; empty if the server hides them.
  package var text: String
  /// Data of the server that proves or contains the thoughts. It is sent back unchanged.
  package var signature: String?
  /// Whether the text is a summary without a signature, which cannot be sent back.
  package var isSummary: Bool
  /// Whether the signature is the encrypted text of Anthropic's `redacted_thinking`.
  package var isRedacted: Bool

  package init(_ text: String, signature: String? = nil, isSummary: Bool = false, isRedacted: Bool = false) {
    self.text = text
    self.signature = signature
    self.isSummary = isSummary
    self.isRedacted = isRedacted
  }
}

/// One part of what a model says.
package enum AnswerPart: Sendable, Hashable {
  case reasoning(Reasoning)
  case text(String)
  case refusal(String)
  case call(CalledTool)
}

/// The result of a tool call.
package struct ToolResult: Sendable, Hashable {
  /// The id of the call.
  package var id: String
  package var parts: [ContentPart]
  /// Whether the tool failed. OpenAI's APIs have no such mark.
  package var isError: Bool

  package init(id: String, parts: [ContentPart], isError: Bool = false) {
    self.id = id
    self.parts = parts
    self.isError = isError
  }
}

/// One turn of a conversation.
package enum ConversationTurn: Sendable, Hashable {
  case user([ContentPart])
  case assistant([AnswerPart])
  case result(ToolResult)
  /// Instructions that come after the first turn.
  case instructions(String)
}
