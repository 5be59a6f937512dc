import Agents

extension NeutralAnswer {
  init(chat json: OrderedJSON) throws(UnreadableAnswerError) {
    guard let choice = json["choices"]?.items?.first else { throw UnreadableAnswerError(.chat, lacks: "choices") }
    guard let message = choice["message"], message.members != nil else {
      throw UnreadableAnswerError(.chat, lacks: "message")
    }
    let tokens = choice["logprobs"]?["content"]
    self.init(
      parts: AnswerPart.chatParts(message, separatesThoughts: true), finish: Finish(openAI: choice["finish_reason"]),
      usage: Usage(openAI: json["usage"]), logProbabilities: choice["logprobs"].flatMap { $0.isNull ? nil : $0 },
      logProbability: OrderedJSON.sum(tokens?.items?.compactMap { $0["logprob"]?.double }))
  }

  init(text json: OrderedJSON) throws(UnreadableAnswerError) {
    guard let choice = json["choices"]?.items?.first else { throw UnreadableAnswerError(.text, lacks: "choices") }
    guard let text = choice["text"]?.text else { throw UnreadableAnswerError(.text, lacks: "text") }
    let tokens = choice["logprobs"]?["token_logprobs"]
    self.init(
      parts: [.text(text)], finish: Finish(openAI: choice["finish_reason"]), usage: Usage(openAI: json["usage"]),
      logProbabilities: choice["logprobs"].flatMap { $0.isNull ? nil : $0 },
      logProbability: OrderedJSON.sum(tokens?.items?.compactMap(\.double)))
  }

  func chatJSON(model: String, id: String, created: Int) -> OrderedJSON {
    var message = parts.chatMessage
    // Clients have the key always.
    if message["refusal"] == nil { message.set("refusal", .null) }
    return [
      "id": .text(id), "object": "chat.completion", "created": .integer(created), "model": .text(model),
      "choices": [
        [
          "index": 0, "message": message, "logprobs": tokenLogProbabilities.map { ["content": $0] } ?? .null,
          "finish_reason": .text(finish.chat),
        ]
      ],
      "usage": (usage ?? Usage()).json(in: .chat),
    ]
  }

  func textJSON(model: String, id: String, created: Int) -> OrderedJSON {
    let isOwn = logProbabilities?["token_logprobs"] != nil
    return [
      "id": .text(id), "object": "text_completion", "created": .integer(created), "model": .text(model),
      "choices": [
        [
          "text": .text(texts.joined(separator: "\n")), "index": 0,
          "logprobs": isOwn ? logProbabilities ?? .null : .null, "finish_reason": .text(finish.text),
        ]
      ],
      "usage": (usage ?? Usage()).json(in: .text),
    ]
  }

  /// One object per token, as chat and Responses have them.
  var tokenLogProbabilities: OrderedJSON? {
    if logProbabilities?.items != nil { return logProbabilities }
    let content = logProbabilities?["content"]
    return content?.items == nil ? nil : content
  }
}

extension NeutralAnswer.Finish {
  init(openAI reason: OrderedJSON?) {
    self =
      switch reason?.text {
      case "stop", nil: .stop
      case "length", "max_tokens": .length
      case "tool_calls", "function_call": .toolCalls
      case "content_filter": .contentFilter
      case let reason?: .other(reason)
      }
  }

  /// A `finish_reason` that every client knows.
  var chat: String {
    switch self {
    case .stop, .other: "stop"
    case .length: "length"
    case .toolCalls: "tool_calls"
    case .contentFilter: "content_filter"
    }
  }

  var text: String { self == .toolCalls ? "stop" : chat }
}

extension OrderedJSON {
  /// The sum of log-probabilities; nil if there are none or it is not finite.
  static func sum(_ values: [Double]?) -> Double? {
    guard let values, !values.isEmpty else { return nil }
    let sum = values.reduce(0, +)
    return sum.isFinite ? sum : nil
  }
}
