import Agents

extension ModelQuestion {
  /// The chunks of an answer of `/chat/completions`.
  func chatEvents(_ answer: OrderedJSON) -> [StreamEvent] {
    var events: [StreamEvent] = []
    func send(_ choice: OrderedJSON, _ delta: OrderedJSON, finish: OrderedJSON = .null, logprobs: OrderedJSON = .null) {
      let choice: OrderedJSON = [
        "index": choice["index"] ?? 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish,
      ]
      events.append(chunk(of: answer, "chat.completion.chunk", [choice]))
    }
    for choice in answer["choices"]?.items ?? [] {
      let message = choice["message"] ?? [:]
      // The first chunk has the role, the log-probabilities and whatever does not come in pieces.
      var first: OrderedJSON = ["role": message["role"] ?? "assistant", "content": ""]
      for member in message.members ?? [] where !Self.pieced.contains(member.key) && !member.value.isNull {
        first.set(member.key, member.value)
      }
      send(choice, first, logprobs: choice["logprobs"] ?? .null)
      for key in ["reasoning_content", "reasoning", "refusal", "content"] {
        // Some servers send the content in parts.
        let text = message[key]?.text ?? message[key]?.items?.compactMap { $0["text"]?.text }.joined() ?? ""
        for piece in text.pieces() { send(choice, .object([.init(key, .text(piece))])) }
      }
      for (place, call) in (message["tool_calls"]?.items ?? []).enumerated() {
        var start = call
        let arguments = OrderedJSON.arguments(call["function"]?["arguments"])
        var function = call["function"] ?? [:]
        function.set("arguments", "")
        start.set("function", function)
        if start["type"] == nil { start.set("type", "function") }
        let members = (start.members ?? []).filter { $0.key != "index" }
        send(choice, ["tool_calls": [.object([.init("index", .integer(place))] + members)]])
        for piece in arguments.pieces() {
          send(choice, ["tool_calls": [["index": .integer(place), "function": ["arguments": .text(piece)]]]])
        }
      }
      send(choice, [:], finish: choice["finish_reason"] ?? "stop")
    }
    return events + end(of: answer, "chat.completion.chunk")
  }

  private static let pieced: Set<String> = [
    "role", "content", "refusal", "reasoning", "reasoning_content", "tool_calls",
  ]

  /// The chunks of an answer of `/completions`.
  func textEvents(_ answer: OrderedJSON) -> [StreamEvent] {
    var events: [StreamEvent] = []
    for choice in answer["choices"]?.items ?? [] {
      func send(_ text: String, logprobs: OrderedJSON, finish: OrderedJSON) {
        let choice: OrderedJSON = [
          "text": .text(text), "index": choice["index"] ?? 0, "logprobs": logprobs, "finish_reason": finish,
        ]
        events.append(chunk(of: answer, "text_completion", [choice]))
      }
      for (place, piece) in (choice["text"]?.text ?? "").pieces().enumerated() {
        send(piece, logprobs: place == 0 ? choice["logprobs"] ?? .null : .null, finish: .null)
      }
      send("", logprobs: .null, finish: choice["finish_reason"] ?? "stop")
    }
    return events + end(of: answer, "text_completion")
  }

  private var wantsUsage: Bool { body["stream_options"]?["include_usage"]?.flag ?? false }

  private func end(of answer: OrderedJSON, _ object: OrderedJSON) -> [StreamEvent] {
    var events: [StreamEvent] = []
    if wantsUsage { events.append(chunk(of: answer, object, [], usage: answer["usage"] ?? .null)) }
    return events + [StreamEvent(data: "[DONE]")]
  }

  /// A chunk with all that an answer says beside its choices.
  private func chunk(
    of answer: OrderedJSON, _ object: OrderedJSON, _ choices: [OrderedJSON], usage: OrderedJSON = .null
  ) -> StreamEvent {
    var chunk = answer
    chunk.set("object", object)
    chunk.set("choices", .list(choices))
    if wantsUsage { chunk.set("usage", usage) } else { chunk.remove("usage") }
    return StreamEvent(data: chunk.json)
  }
}
