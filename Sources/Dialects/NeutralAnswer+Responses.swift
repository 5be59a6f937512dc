import Agents

extension NeutralAnswer {
  init(responses json: OrderedJSON) throws(UnreadableAnswerError) {
    guard let output = json["output"]?.items else { throw UnreadableAnswerError(.responses, lacks: "output") }
    let finish: Finish =
      switch (json["status"]?.text, json["incomplete_details"]?["reason"]?.text) {
      case ("incomplete", "content_filter"): .contentFilter
      case ("incomplete", _): .length
      case ("completed", _), (nil, _): .stop
      case (let status?, _): .other(status)
      }
    let tokens = output.flatMap { $0["content"]?.items ?? [] }.flatMap { $0["logprobs"]?.items ?? [] }
    self.init(
      parts: output.flatMap { AnswerPart.responsesParts($0) ?? [] }, finish: finish,
      usage: Usage(openAI: json["usage"]), logProbabilities: tokens.isEmpty ? nil : .list(tokens),
      logProbability: OrderedJSON.sum(tokens.compactMap { $0["logprob"]?.double }))
  }

  func responsesJSON(model: String, id: String, created: Int) -> OrderedJSON {
    let isCut = finish == .length || finish == .contentFilter
    var answer: OrderedJSON = [
      "id": .text(id), "object": "response", "created_at": .integer(created),
      "status": isCut ? "incomplete" : "completed", "background": false, "error": .null,
    ]
    let reason: OrderedJSON = finish == .length ? "max_output_tokens" : "content_filter"
    answer.set("incomplete_details", isCut ? ["reason": reason] : .null)
    answer.set("instructions", .null)
    answer.set("max_output_tokens", .null)
    answer.set("model", .text(model))
    answer.set("output", .list(items(id)))
    answer.set("parallel_tool_calls", true)
    answer.set("previous_response_id", .null)
    answer.set("reasoning", ["effort": .null, "summary": .null])
    answer.set("store", false)
    answer.set("temperature", 1.0)
    answer.set("text", ["format": ["type": "text"]])
    answer.set("tool_choice", "auto")
    answer.set("tools", [])
    answer.set("top_p", 1.0)
    answer.set("truncation", "disabled")
    answer.set("usage", (usage ?? Usage()).json(in: .responses))
    answer.set("metadata", [:])
    return answer
  }

  /// The output: a message for every run of texts, an item for every thought and call. Their ids follow from the
  /// answer's.
  private func items(_ id: String) -> [OrderedJSON] {
    var items: [OrderedJSON] = []
    var content: [OrderedJSON] = []
    var tokens = tokenLogProbabilities
    let status: OrderedJSON = finish == .length ? "incomplete" : "completed"
    func close() {
      guard !content.isEmpty else { return }
      items.append([
        "id": .text("msg_\(id)_\(items.count)"), "type": "message", "status": status, "role": "assistant",
        "content": .list(content),
      ])
      content = []
    }
    for part in parts {
      switch part {
      case .text(let text):
        content.append([
          "type": "output_text", "text": .text(text), "annotations": [], "logprobs": tokens ?? [],
        ])
        tokens = nil
      case .refusal(let text): content.append(["type": "refusal", "refusal": .text(text)])
      case .reasoning(let reasoning):
        close()
        items.append(reasoning.responsesItem(id: "rs_\(id)_\(items.count)"))
      case .call(let call):
        close()
        items.append([
          "id": .text("fc_\(id)_\(items.count)"), "type": "function_call", "status": "completed",
          "call_id": .text(call.id), "name": .text(call.name), "arguments": .text(call.arguments),
        ])
      }
    }
    close()
    return items
  }
}
