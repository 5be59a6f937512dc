import Agents

extension AnswerPart {
  /// The parts of an item of Responses by the model; nil for other items.
  static func responsesParts(_ item: OrderedJSON) -> [AnswerPart]? {
    switch item["type"]?.text ?? (item["role"] == nil ? "" : "message") {
    case "message":
      guard item["role"]?.text ?? "assistant" == "assistant" else { return nil }
      if let text = item["content"]?.text { return [.text(text)] }
      return (item["content"]?.items ?? []).compactMap { part in
        part["refusal"]?.text.map(AnswerPart.refusal) ?? part["text"]?.text.map(AnswerPart.text)
      }
    case "reasoning":
      let said = (item["content"]?.items ?? []).compactMap { $0["text"]?.text }
      let summary = (item["summary"]?.items ?? []).compactMap { $0["text"]?.text }
      var signature = item["encrypted_content"]?.text
      let isRedacted = signature?.hasPrefix(redactedMark) == true
      if isRedacted { signature = signature.map { String($0.dropFirst(redactedMark.count)) } }
      return [
        .reasoning(
          Reasoning(
            (said.isEmpty ? summary : said).joined(separator: "\n"), signature: signature,
            isSummary: said.isEmpty && !summary.isEmpty && signature == nil, isRedacted: isRedacted))
      ]
    case "function_call":
      return [
        .call(
          CalledTool(
            id: item["call_id"]?.text ?? item["id"]?.text ?? "", name: item["name"]?.text ?? "",
            arguments: OrderedJSON.arguments(item["arguments"])))
      ]
    default: return nil
    }
  }

  /// Marks Anthropic's `redacted_thinking` within `encrypted_content`.
  static let redactedMark = "redacted:"
}

extension Reasoning {
  /// The reasoning as an item of Responses. Beside encrypted thoughts, OpenAI accepts a summary alone.
  func responsesItem(id: String?) -> OrderedJSON {
    var item: OrderedJSON = ["type": "reasoning"]
    item.set("id", ifGiven: id.map(OrderedJSON.text))
    let isShort = isSummary || signature != nil
    item.set("summary", isShort && !text.isEmpty ? [["type": "summary_text", "text": .text(text)]] : [])
    if !isShort, !text.isEmpty { item.set("content", [["type": "reasoning_text", "text": .text(text)]]) }
    if let signature {
      item.set("encrypted_content", .text((isRedacted ? AnswerPart.redactedMark : "") + signature))
    }
    return item
  }

  /// Whether the thoughts can be sent back to a server of Responses.
  var isWhole: Bool { signature?.isEmpty == false || (!isSummary && !text.isEmpty) }
}
