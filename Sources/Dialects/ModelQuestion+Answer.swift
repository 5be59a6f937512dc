import Agents

extension ModelQuestion {
  /// The answer as the program gets it: with the model's name that it asked for, and always with usage.
  ///
  /// An answer in the question's own dialect is otherwise unchanged, ids included. Usage that the server did not report
  /// is estimated from the texts (``Usage/estimatedTokens(in:)``).
  ///
  /// - Parameters:
  ///   - json: the server's answer.
  ///   - dialect: the dialect of the server.
  ///   - created: seconds since 1970, for a server that does not report them.
  /// - Throws: an error if an answer in another dialect cannot be read.
  package func answer(
    _ json: OrderedJSON, inDialect dialect: ModelDialect, created: Int = 0
  ) throws(UnreadableAnswerError) -> OrderedJSON {
    guard dialect != self.dialect else { return completed(json) }
    var answer = try NeutralAnswer(json, dialect)
    answer.usage = answer.usage ?? estimatedUsage(of: json)
    var id = json["id"]?.text ?? ""
    if id.isEmpty {
      var digest = Digest()
      digest.add(json.json)
      id = "answer-" + digest.text
    }
    let created = (json["created"] ?? json["created_at"])?.tokens ?? created
    var translated = answer.json(in: self.dialect, model: model, id: id, created: created)
    if self.dialect == .responses { echo(in: &translated) }
    return translated
  }

  private func completed(_ json: OrderedJSON) -> OrderedJSON {
    var answer = json
    if body["model"] != nil { answer.set("model", .text(model)) }
    let usage = dialect == .messages ? Usage(messages: json["usage"]) : Usage(openAI: json["usage"])
    if usage == nil { answer.set("usage", estimatedUsage(of: json).json(in: dialect)) }
    return answer
  }

  /// Responses repeat the settings of their question.
  private func echo(in answer: inout OrderedJSON) {
    for key in [
      "instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "previous_response_id", "reasoning",
      "service_tier", "store", "temperature", "text", "tool_choice", "tools", "top_p", "truncation", "user",
    ] {
      if let value = body[key], !value.isNull { answer.set(key, value) }
    }
  }

  /// The tokens of the question and of an answer, estimated.
  package func estimatedUsage(of answer: OrderedJSON) -> Usage {
    let said = ["choices", "output", "content"].compactMap { answer[$0] }.map(\.estimatedTokens).reduce(0, +)
    let asked = ["instructions", "system", "messages", "input", "prompt", "tools"].compactMap { body[$0] }
      .map(\.estimatedTokens).reduce(0, +)
    return Usage(inputTokens: max(asked, 1), outputTokens: max(said, 1), estimatedTokens: max(asked, 1) + max(said, 1))
  }
}

extension OrderedJSON {
  /// The estimated number of tokens of all texts of a value, without those that only name kinds and ids.
  fileprivate var estimatedTokens: Int {
    switch self {
    case .text(let text): Usage.estimatedTokens(in: text)
    case .list(let values): values.map(\.estimatedTokens).reduce(0, +)
    case .object(let members):
      members.filter { !Self.labels.contains($0.key) }.map(\.value.estimatedTokens).reduce(0, +)
    default: 0
    }
  }

  private static let labels: Set<String> = [
    "type", "role", "id", "call_id", "tool_call_id", "tool_use_id", "finish_reason", "object", "status", "signature",
    "encrypted_content", "data", "image_url", "logprobs",
  ]
}
