import Agents

extension ModelQuestion {
  /// The events of an answer of Anthropic's `/messages`.
  func messagesEvents(_ answer: OrderedJSON) -> [StreamEvent] {
    var events: [StreamEvent] = []
    func send(_ name: String, _ members: OrderedJSON = [:]) {
      let event = OrderedJSON.object([.init("type", .text(name))] + (members.members ?? []))
      events.append(StreamEvent(name: name, data: event.json))
    }
    var start = answer
    start.set("content", [])
    start.set("stop_reason", .null)
    start.set("stop_sequence", .null)
    let usage = answer["usage"] ?? [:]
    var early = usage
    early.set("output_tokens", 0)
    start.set("usage", early)
    send("message_start", ["message": start])
    for (place, block) in (answer["content"]?.items ?? []).enumerated() {
      let index = OrderedJSON.integer(place)
      let (opening, deltas) = Self.parts(of: block)
      send("content_block_start", ["index": index, "content_block": opening])
      for delta in deltas { send("content_block_delta", ["index": index, "delta": delta]) }
      send("content_block_stop", ["index": index])
    }
    // What is known at the end alone is in the last but one event.
    var delta: OrderedJSON = [
      "stop_reason": answer["stop_reason"] ?? "end_turn", "stop_sequence": answer["stop_sequence"] ?? .null,
    ]
    for key in ["stop_details", "container"] { delta.set(key, ifGiven: answer[key]) }
    send("message_delta", ["delta": delta, "usage": usage])
    send("message_stop")
    return events
  }

  /// A block as it begins, and what is then added to it.
  private static func parts(of block: OrderedJSON) -> (opening: OrderedJSON, deltas: [OrderedJSON]) {
    var opening = block
    var deltas: [OrderedJSON] = []
    switch block["type"]?.text {
    case "text":
      opening.set("text", "")
      opening.remove("citations")
      deltas = (block["text"]?.text ?? "").pieces().map { ["type": "text_delta", "text": .text($0)] }
      deltas += (block["citations"]?.items ?? []).map { ["type": "citations_delta", "citation": $0] }
    case "thinking":
      opening.set("thinking", "")
      opening.set("signature", "")
      deltas = (block["thinking"]?.text ?? "").pieces().map { ["type": "thinking_delta", "thinking": .text($0)] }
      deltas.append(["type": "signature_delta", "signature": block["signature"] ?? ""])
    case "tool_use", "server_tool_use", "mcp_tool_use":
      opening.set("input", [:])
      deltas = (block["input"] ?? [:]).json.pieces().map { ["type": "input_json_delta", "partial_json": .text($0)] }
    default: break
    }
    return (opening, deltas)
  }
}
