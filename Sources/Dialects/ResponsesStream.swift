import Agents

/// The events of an answer of `/responses`.
struct ResponsesStream {
  private var events: [StreamEvent] = []

  static func events(of answer: OrderedJSON) -> [StreamEvent] {
    var stream = ResponsesStream()
    var start = answer
    start.set("status", "in_progress")
    start.set("output", [])
    start.set("usage", .null)
    start.set("incomplete_details", .null)
    stream.send("response.created", ["response": start])
    stream.send("response.in_progress", ["response": start])
    for (place, item) in (answer["output"]?.items ?? []).enumerated() { stream.send(item, at: place) }
    let end =
      switch answer["status"]?.text {
      case "incomplete": "response.incomplete"
      case "failed": "response.failed"
      default: "response.completed"
      }
    stream.send(end, ["response": answer])
    return stream.events
  }

  private mutating func send(_ name: String, _ members: OrderedJSON) {
    let event: [OrderedJSON.Member] = [.init("type", .text(name)), .init("sequence_number", .integer(events.count))]
    events.append(StreamEvent(name: name, data: OrderedJSON.object(event + (members.members ?? [])).json))
  }

  private mutating func send(_ item: OrderedJSON, at place: Int) {
    let index = OrderedJSON.integer(place)
    var place: OrderedJSON = ["output_index": index]
    place.set("item_id", item["id"] ?? .text("item_\(index.json)"))
    var opening = item
    var whole = item
    if item["id"] == nil {
      opening.set("id", place["item_id"] ?? "")
      whole.set("id", place["item_id"] ?? "")
    }
    switch item["type"]?.text {
    case "message":
      opening.set("status", "in_progress")
      opening.set("content", [])
    case "function_call":
      opening.set("status", "in_progress")
      opening.set("arguments", "")
    case "custom_tool_call": opening.set("input", "")
    case "reasoning":
      opening.set("summary", [])
      opening.remove("content")
    default: break
    }
    send("response.output_item.added", ["output_index": index, "item": opening])
    switch item["type"]?.text {
    case "message":
      for (number, part) in (item["content"]?.items ?? []).enumerated() { send(part, number, place) }
    case "function_call":
      send(OrderedJSON.arguments(item["arguments"]), "response.function_call_arguments", "arguments", place)
    case "custom_tool_call":
      send(item["input"]?.text ?? "", "response.custom_tool_call_input", "input", place)
    case "reasoning":
      for (number, part) in (item["summary"]?.items ?? []).enumerated() {
        var place = place
        place.set("summary_index", .integer(number))
        var empty = part
        empty.set("text", "")
        send("response.reasoning_summary_part.added", place.with("part", empty))
        send(part["text"]?.text ?? "", "response.reasoning_summary_text", "text", place)
        send("response.reasoning_summary_part.done", place.with("part", part))
      }
      for (number, part) in (item["content"]?.items ?? []).enumerated() { send(part, number, place) }
    default: break
    }
    send("response.output_item.done", ["output_index": index, "item": whole])
  }

  /// A part of a message or of open reasoning.
  private mutating func send(_ part: OrderedJSON, _ number: Int, _ place: OrderedJSON) {
    var place = place
    place.set("content_index", .integer(number))
    var empty = part
    let key = part["type"]?.text == "refusal" ? "refusal" : "text"
    if part[key] != nil { empty.set(key, "") }
    for key in ["annotations", "logprobs"] where part[key] != nil { empty.set(key, []) }
    send("response.content_part.added", place.with("part", empty))
    let text = part[key]?.text ?? ""
    switch part["type"]?.text {
    case "output_text":
      let tokens = part["logprobs"] ?? []
      for (piece, text) in text.pieces().enumerated() {
        send(
          "response.output_text.delta",
          place.with("delta", .text(text)).with("logprobs", piece == 0 ? tokens : []))
      }
      for (number, annotation) in (part["annotations"]?.items ?? []).enumerated() {
        send(
          "response.output_text.annotation.added",
          place.with("annotation_index", .integer(number)).with("annotation", annotation))
      }
      send("response.output_text.done", place.with("text", .text(text)).with("logprobs", tokens))
    case "refusal": send(text, "response.refusal", "refusal", place)
    case "reasoning_text": send(text, "response.reasoning_text", "text", place)
    default: break
    }
    send("response.content_part.done", place.with("part", part))
  }

  /// The deltas of a text and the whole at their end.
  private mutating func send(_ text: String, _ name: String, _ key: String, _ place: OrderedJSON) {
    for piece in text.pieces() { send(name + ".delta", place.with("delta", .text(piece))) }
    send(name + ".done", place.with(key, .text(text)))
  }
}

extension OrderedJSON {
  /// The object with one more member.
  fileprivate func with(_ key: String, _ value: OrderedJSON) -> OrderedJSON {
    var object = self
    object.set(key, value)
    return object
  }
}
