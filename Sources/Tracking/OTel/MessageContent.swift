import Agents

/// What was asked and answered, as attributes. Sent only if the configuration wants content.
enum MessageContent {
  /// The longest text of one message, in UTF-8 bytes, and the most messages of one span.
  private static let longest = 16_384
  private static let mostMessages = 64

  static func bounded(_ text: String) -> String {
    text.utf8.count <= longest ? text : String(decoding: text.utf8.prefix(longest), as: UTF8.self) + "…"
  }

  static func add(_ request: PolicyRequest, to span: inout OTLPSpan) {
    if let question = request.question {
      span.set("coxswain.question", bounded(question.body.json))
      return
    }
    var (instructions, messages): ([OrderedJSON], [OrderedJSON]) = ([], [])
    for entry in request.transcript.entries {
      switch entry {
      case .instructions(let text): instructions.append(part(text))
      case .prompt(let text): messages.append(message("user", text))
      case .response(let text): messages.append(message("assistant", text))
      case .continuation: break
      }
    }
    if !instructions.isEmpty { span.set("gen_ai.system_instructions", OrderedJSON.list(instructions).json) }
    span.set("gen_ai.input.messages", OrderedJSON.list(Array(messages.suffix(mostMessages))).json)
  }

  static func add(_ response: PolicyResponse, to span: inout OTLPSpan) {
    var output = message("assistant", response.text)
    if case .object(var members) = output {
      let reason = response.usage.cutOffAnswers > 0 ? "length" : "stop"
      members.append(OrderedJSON.Member("finish_reason", .text(reason)))
      output = .object(members)
    }
    span.set("gen_ai.output.messages", OrderedJSON.list([output]).json)
  }

  private static func message(_ role: String, _ text: String) -> OrderedJSON {
    .object([.init("role", .text(role)), .init("parts", .list([part(text)]))])
  }

  private static func part(_ text: String) -> OrderedJSON {
    .object([.init("type", .text("text")), .init("content", .text(bounded(text)))])
  }
}
