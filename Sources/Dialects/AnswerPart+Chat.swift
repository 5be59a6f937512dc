import Agents

extension AnswerPart {
  /// The parts of an assistant's message of chat: of an answer or of a turn of the history.
  ///
  /// - Parameter separatesThoughts: reads thoughts that a server left in the text.
  static func chatParts(_ message: OrderedJSON, separatesThoughts: Bool) -> [AnswerPart] {
    var parts = chatReasoning(message).map(AnswerPart.reasoning)
    let content = message["content"]
    var text = content?.text
    var refusal = message["refusal"]?.text
    if let pieces = content?.items {
      text = pieces.compactMap { $0["text"]?.text ?? $0.text }.joined()
      refusal = refusal ?? pieces.lazy.compactMap { $0["refusal"]?.text }.first
    }
    if separatesThoughts, parts.isEmpty, let whole = text {
      let found = Thoughts(in: whole)
      if let thoughts = found.thoughts {
        parts.append(.reasoning(Reasoning(thoughts)))
        text = found.answer
      }
    }
    if let text, !text.isEmpty { parts.append(.text(text)) }
    if let refusal, !refusal.isEmpty { parts.append(.refusal(refusal)) }
    for call in message["tool_calls"]?.items ?? [] {
      let function = call["function"]
      parts.append(
        .call(
          CalledTool(
            id: call["id"]?.text ?? "", name: function?["name"]?.text ?? "",
            arguments: OrderedJSON.arguments(function?["arguments"]))))
    }
    return parts
  }

  private static func chatReasoning(_ message: OrderedJSON) -> [Reasoning] {
    let details = message["reasoning_details"]?.items ?? []
    let signed = details.compactMap { detail -> Reasoning? in
      switch detail["type"]?.text {
      case "reasoning.text": Reasoning(detail["text"]?.text ?? "", signature: detail["signature"]?.text)
      case "reasoning.encrypted": Reasoning("", signature: detail["data"]?.text, isRedacted: true)
      case "reasoning.summary":
        Reasoning(detail["summary"]?.text ?? "", signature: detail["data"]?.text, isSummary: true)
      default: nil
      }
    }
    if !signed.isEmpty { return signed }
    guard let text = message["reasoning_content"]?.text ?? message["reasoning"]?.text, !text.isEmpty else { return [] }
    return [Reasoning(text)]
  }
}

extension OrderedJSON {
  /// The arguments of a call as text. Some servers send the object itself.
  static func arguments(_ value: OrderedJSON?) -> String {
    guard let value, !value.isNull else { return "" }
    return value.shown
  }
}

extension [AnswerPart] {
  /// The assistant's message of chat that has these parts. Signatures are in `reasoning_details`, as OpenRouter has
  /// them.
  package var chatMessage: OrderedJSON {
    let calls = compactMap { part -> OrderedJSON? in
      guard case .call(let call) = part else { return nil }
      return [
        "id": .text(call.id), "type": "function",
        "function": ["name": .text(call.name), "arguments": .text(call.arguments)],
      ]
    }
    let text = texts.joined(separator: "\n")
    var message: OrderedJSON = ["role": "assistant"]
    message.set("content", text.isEmpty && (!calls.isEmpty || refusal != nil) ? .null : .text(text))
    message.set("refusal", ifGiven: refusal.map(OrderedJSON.text))
    let thoughts = reasoning
    let words = thoughts.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n")
    if !words.isEmpty { message.set("reasoning_content", .text(words)) }
    if thoughts.contains(where: { $0.signature != nil }) {
      message.set("reasoning_details", .list(thoughts.map(\.chatDetail)))
    }
    if !calls.isEmpty { message.set("tool_calls", .list(calls)) }
    return message
  }

  var texts: [String] {
    compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  var refusal: String? {
    let texts = compactMap { if case .refusal(let text) = $0 { text } else { nil } }
    return texts.isEmpty ? nil : texts.joined(separator: "\n")
  }

  var reasoning: [Reasoning] {
    compactMap { if case .reasoning(let reasoning) = $0 { reasoning } else { nil } }
  }

  package var calls: [CalledTool] {
    compactMap { if case .call(let call) = $0 { call } else { nil } }
  }
}

extension Reasoning {
  fileprivate var chatDetail: OrderedJSON {
    if isRedacted { return ["type": "reasoning.encrypted", "data": .text(signature ?? "")] }
    var detail: OrderedJSON = ["type": isSummary ? "reasoning.summary" : "reasoning.text"]
    detail.set(isSummary ? "summary" : "text", .text(text))
    detail.set(isSummary ? "data" : "signature", ifGiven: signature.map(OrderedJSON.text))
    return detail
  }
}
