import Agents

extension AnswerPart {
  /// The part of a content block by the model; nil for blocks that no other dialect has.
  static func messagesPart(_ block: OrderedJSON) -> AnswerPart? {
    switch block["type"]?.text {
    case "text": .text(block["text"]?.text ?? "")
    case "thinking": .reasoning(Reasoning(block["thinking"]?.text ?? "", signature: block["signature"]?.text))
    case "redacted_thinking": .reasoning(Reasoning("", signature: block["data"]?.text, isRedacted: true))
    case "tool_use":
      .call(
        CalledTool(
          id: block["id"]?.text ?? "", name: block["name"]?.text ?? "",
          arguments: OrderedJSON.arguments(block["input"])))
    default: nil
    }
  }

  /// The part as a content block. Arguments that are not an object are put under the key `arguments`.
  var messagesBlock: OrderedJSON {
    switch self {
    case .text(let text), .refusal(let text): ["type": "text", "text": .text(text)]
    case .reasoning(let reasoning):
      reasoning.isRedacted
        ? ["type": "redacted_thinking", "data": .text(reasoning.signature ?? "")]
        : ["type": "thinking", "thinking": .text(reasoning.text), "signature": .text(reasoning.signature ?? "")]
    case .call(let call):
      ["type": "tool_use", "id": .text(call.id), "name": .text(call.name), "input": call.input]
    }
  }
}

extension CalledTool {
  /// The arguments as an object.
  var input: OrderedJSON {
    let text = arguments.trimmed
    if text.isEmpty { return [:] }
    let value = OrderedJSON(parsing: String(text))
    if let value, value.members != nil { return value }
    return ["arguments": value ?? .text(arguments)]
  }
}
