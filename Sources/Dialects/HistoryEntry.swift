import Agents

/// One message or item of a question, for readers. It is read leniently: a question that cannot be translated can still
/// be shown.
struct HistoryEntry {
  enum Kind: Equatable {
    case instructions, user, assistant
    /// The result of the call with this id.
    case result(String)
  }

  var kind: Kind
  var text: String
  /// The calls in the entry, by id.
  var calls: [(id: String, name: String)] = []

  /// The entries of a message of chat or Anthropic's API or of an item of Responses. A message with results of several
  /// tools has several entries.
  static func entries(_ element: OrderedJSON, _ dialect: ModelDialect) -> [HistoryEntry] {
    switch dialect {
    case .chat: [chat(element)]
    case .responses: [responses(element)]
    case .messages: messages(element)
    case .text: []
    }
  }

  private static func chat(_ message: OrderedJSON) -> HistoryEntry {
    switch message["role"]?.text {
    case "system", "developer": HistoryEntry(kind: .instructions, text: shown(message["content"]))
    case "assistant": HistoryEntry(AnswerPart.chatParts(message, separatesThoughts: true))
    case "tool":
      HistoryEntry(kind: .result(message["tool_call_id"]?.text ?? ""), text: shown(message["content"]))
    case "function": HistoryEntry(kind: .result(message["name"]?.text ?? ""), text: shown(message["content"]))
    default: HistoryEntry(kind: .user, text: shown(message["content"]))
    }
  }

  private static func responses(_ item: OrderedJSON) -> HistoryEntry {
    if let parts = AnswerPart.responsesParts(item) { return HistoryEntry(parts) }
    let kind = item["type"]?.text ?? "message"
    if kind == "message" {
      let isInstructions = ["system", "developer"].contains(item["role"]?.text)
      return HistoryEntry(kind: isInstructions ? .instructions : .user, text: shown(item["content"]))
    }
    if kind.hasSuffix("_output") {
      return HistoryEntry(kind: .result(item["call_id"]?.text ?? ""), text: shown(item["output"]))
    }
    // Calls of the server's own tools, and references.
    return HistoryEntry(kind: .assistant, text: "[\(kind)]")
  }

  private static func messages(_ message: OrderedJSON) -> [HistoryEntry] {
    let content = message["content"]
    switch message["role"]?.text {
    case "assistant":
      let blocks: [OrderedJSON] = content?.text.map { [["type": "text", "text": .text($0)]] } ?? content?.items ?? []
      return [HistoryEntry(blocks.compactMap(AnswerPart.messagesPart))]
    case "system": return [HistoryEntry(kind: .instructions, text: shown(content))]
    default: break
    }
    var entries: [HistoryEntry] = []
    var said: [OrderedJSON] = []
    for block in content?.items ?? [] {
      if block["type"]?.text == "tool_result" {
        entries.append(
          HistoryEntry(kind: .result(block["tool_use_id"]?.text ?? ""), text: shown(block["content"])))
      } else {
        said.append(block)
      }
    }
    if let text = content?.text {
      entries.append(HistoryEntry(kind: .user, text: text))
    } else if !said.isEmpty {
      entries.append(HistoryEntry(kind: .user, text: shown(.list(said))))
    }
    return entries
  }

  private init(kind: Kind, text: String) {
    self.kind = kind
    self.text = text
  }

  private init(_ parts: [AnswerPart]) {
    kind = .assistant
    text = Readable.text(of: parts)
    calls = parts.calls.map { ($0.id, $0.name) }
  }

  /// Content as text: parts on lines of their own, images and files by their kind.
  private static func shown(_ content: OrderedJSON?) -> String {
    guard let content, !content.isNull else { return "" }
    if let text = content.text { return text }
    guard let parts = content.items else { return content.json }
    return parts.map { part in
      if let text = part.text ?? part["text"]?.text { return text }
      return switch part["type"]?.text ?? "" {
      case "image", "image_url", "input_image": "[image]"
      case "document", "file", "input_file": "[file]"
      case "input_audio": "[audio]"
      case let kind: "[\(kind)]"
      }
    }.joined(separator: "\n")
  }
}
