import Agents

extension InspectLog {
  /// A message of chat in the form of inspect_ai: arguments of calls are objects, images and files are named.
  static func message(_ chat: OrderedJSON) -> OrderedJSON {
    let role = chat["role"]?.text ?? "user"
    var words = chat
    words.remove("tool_calls")
    var message: OrderedJSON = [
      "role": .text(role == "developer" ? "system" : role == "function" ? "tool" : role),
      "content": .text(words.readable),
    ]
    if let calls = chat["tool_calls"]?.items, !calls.isEmpty {
      message.set("tool_calls", .list(calls.enumerated().map { call($1, number: $0) }))
    }
    if role == "tool" { message.set("tool_call_id", chat["tool_call_id"] ?? "") }
    return message
  }

  private static func call(_ call: OrderedJSON, number: Int) -> OrderedJSON {
    let function = call["function"]
    let arguments = function?["arguments"]
    let object = arguments?.text.flatMap(OrderedJSON.init(parsing:)) ?? arguments
    var json: OrderedJSON = [
      "id": .text(call["id"]?.text ?? "call_\(number)"), "function": .text(function?["name"]?.text ?? ""),
      "arguments": object?.members == nil ? [:] : object ?? [:], "type": "function",
    ]
    if object?.members == nil, let text = arguments?.text, !text.isEmpty {
      json.set("parse_error", .text("The arguments are no object: \(text)"))
    }
    return json
  }

  /// A message of inspect_ai as one of chat.
  static func chat(_ message: OrderedJSON) -> OrderedJSON {
    let role = message["role"]?.text ?? "user"
    var chat: OrderedJSON = ["role": .text(role), "content": .text(text(message["content"]))]
    if let calls = message["tool_calls"]?.items, !calls.isEmpty {
      chat.set(
        "tool_calls",
        .list(
          calls.map { call in
            let arguments = call["arguments"] ?? [:]
            return [
              "id": .text(call["id"]?.text ?? ""), "type": "function",
              "function": [
                "name": .text(call["function"]?.text ?? ""), "arguments": .text(arguments.text ?? arguments.json),
              ],
            ]
          }))
    }
    if role == "tool" { chat.set("tool_call_id", .text(message["tool_call_id"]?.text ?? "")) }
    return chat
  }

  /// Content as text: thoughts are left out, images and files are named.
  private static func text(_ content: OrderedJSON?) -> String {
    if let text = content?.text { return text }
    return (content?.items ?? []).compactMap { part in
      if let text = part["text"]?.text { return text }
      let kind = part["type"]?.text ?? "part"
      return kind == "reasoning" ? nil : "[\(kind)]"
    }.joined(separator: "\n")
  }
}

extension Usage {
  /// The usage in the form of inspect_ai, whose input tokens exclude the cache.
  func inspected(cost: Double?) -> OrderedJSON {
    var json: OrderedJSON = [
      "input_tokens": .integer(max(0, inputTokens - cachedInputTokens - cacheWriteTokens)),
      "output_tokens": .integer(outputTokens), "total_tokens": .integer(totalTokens),
      "input_tokens_cache_read": .integer(cachedInputTokens), "input_tokens_cache_write": .integer(cacheWriteTokens),
      "reasoning_tokens": .integer(reasoningTokens),
    ]
    json.set("total_cost", ifGiven: cost.map { .number($0) })
    return json
  }
}
