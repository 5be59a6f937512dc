import Agents

extension NeutralAnswer {
  init(messages json: OrderedJSON) throws(UnreadableAnswerError) {
    guard let content = json["content"]?.items else { throw UnreadableAnswerError(.messages, lacks: "content") }
    var parts = content.compactMap(AnswerPart.messagesPart)
    let finish: Finish
    switch json["stop_reason"]?.text {
    case "end_turn", "stop_sequence", nil: finish = .stop
    case "max_tokens": finish = .length
    case "tool_use": finish = .toolCalls
    case "refusal":
      finish = .contentFilter
      parts = parts.map { if case .text(let text) = $0 { .refusal(text) } else { $0 } }
    case let reason?: finish = .other(reason)
    }
    self.init(parts: parts, finish: finish, usage: Usage(messages: json["usage"]))
  }

  func messagesJSON(model: String, id: String) -> OrderedJSON {
    let isRefusal = finish == .contentFilter || (refusal != nil && calls.isEmpty)
    let reason =
      switch finish {
      case _ where isRefusal: "refusal"
      case .length: "max_tokens"
      case .toolCalls: "tool_use"
      default: "end_turn"
      }
    return [
      "id": .text(id), "type": "message", "role": "assistant", "model": .text(model),
      "content": .list(parts.map(\.messagesBlock)), "stop_reason": .text(reason), "stop_sequence": .null,
      "usage": (usage ?? Usage()).json(in: .messages),
    ]
  }
}
