import Agents

extension NeutralRequest {
  /// `max_tokens` of a question to Anthropic's API, which requires it, if the program sets no limit.
  package static let defaultMaxTokens = 4096

  /// The body of a question to Anthropic's `/messages`.
  ///
  /// Consecutive turns of one role are merged. Results of tools come first in their turn, as the API requires.
  func messagesBody() throws(UntranslatableError) -> OrderedJSON {
    try refusePrefill(.messages)
    if verbosity != nil { throw lacking("`verbosity`", .messages) }
    if logProbabilities { throw lacking("log-probabilities", .messages) }
    var body: OrderedJSON = ["max_tokens": .integer(maxTokens ?? Self.defaultMaxTokens)]
    // The API rejects blank blocks.
    let system = instructions.filter { !$0.trimmed.isEmpty }
    if !system.isEmpty { body.set("system", .list(system.map { ["type": "text", "text": .text($0)] })) }
    body.set("messages", .list(try messages()))
    if !tools.isEmpty {
      body.set(
        "tools",
        .list(
          tools.map { tool in
            var tool = tool
            tool.schema = tool.schema ?? ["type": "object", "properties": [:]]
            return tool.members(schemaKey: "input_schema")
          }))
    }
    body.set("tool_choice", ifGiven: messagesChoice)
    var output: OrderedJSON = [:]
    switch reasoningEffort {
    case "none": body.set("thinking", ["type": "disabled"])
    case "minimal": throw lacking("the reasoning effort minimal", .messages)
    default: output.set("effort", ifGiven: reasoningEffort.map(OrderedJSON.text))
    }
    switch format {
    case .jsonObject: throw lacking("the response format json_object", .messages)
    case .schema(_, _, _, let schema): output.set("format", ["type": "json_schema", "schema": schema])
    case .text, nil: break
    }
    if output.members?.isEmpty == false { body.set("output_config", output) }
    if !stop.isEmpty { body.set("stop_sequences", .list(stop.map(OrderedJSON.text))) }
    if let value = temperature?.double, value > 1 { throw lacking("a temperature above 1", .messages) }
    body.set("temperature", ifGiven: temperature)
    body.set("top_p", ifGiven: topP)
    body.set("top_k", ifGiven: topK)
    return body
  }

  private var messagesChoice: OrderedJSON? {
    if tools.isEmpty { return nil }
    var choice: OrderedJSON
    switch toolChoice {
    case .auto: choice = ["type": "auto"]
    case .none?: return ["type": "none"]
    case .required: choice = ["type": "any"]
    case .named(let name): choice = ["type": "tool", "name": .text(name)]
    case nil:
      guard parallelToolCalls == false else { return nil }
      choice = ["type": "auto"]
    }
    if parallelToolCalls == false { choice.set("disable_parallel_tool_use", true) }
    return choice
  }

  private func messages() throws(UntranslatableError) -> [OrderedJSON] {
    var messages: [(role: String, content: [OrderedJSON])] = []
    func append(_ role: String, _ blocks: [OrderedJSON]) {
      if blocks.isEmpty { return }
      if messages.last?.role == role {
        messages[messages.count - 1].content += blocks
      } else {
        messages.append((role, blocks))
      }
    }
    for turn in turns {
      switch turn {
      case .instructions: throw lacking("a system message after the first turn", .messages)
      case .user(let parts): append("user", try blocks(parts))
      case .assistant(let parts): append("assistant", parts.compactMap(Self.block))
      case .result(let result):
        var block: OrderedJSON = ["type": "tool_result", "tool_use_id": .text(Self.allowed(result.id))]
        if !result.parts.isEmpty {
          if let text = result.parts.onlyText {
            block.set("content", .text(text))
          } else {
            block.set("content", .list(try blocks(result.parts)))
          }
        }
        if result.isError { block.set("is_error", true) }
        append("user", [block])
      }
    }
    return messages.map { message in
      func isResult(_ block: OrderedJSON) -> Bool { block["type"]?.text == "tool_result" }
      let content = message.content.filter(isResult) + message.content.filter { !isResult($0) }
      return ["role": .text(message.role), "content": .list(content)]
    }
  }

  /// A part of an answer as the API takes it back: not blank, with signed thoughts and an allowed id.
  private static func block(_ part: AnswerPart) -> OrderedJSON? {
    switch part {
    case .text(let text) where text.trimmed.isEmpty, .refusal(let text) where text.trimmed.isEmpty: return nil
    case .reasoning(let reasoning) where reasoning.signature?.isEmpty ?? true: return nil
    case .call(var call):
      call.id = allowed(call.id)
      return AnswerPart.call(call).messagesBlock
    default: return part.messagesBlock
    }
  }

  /// The API accepts letters, digits, `_` and `-` in ids.
  private static func allowed(_ id: String) -> String {
    String(id.map { $0 == "-" || $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  private func blocks(_ parts: [ContentPart]) throws(UntranslatableError) -> [OrderedJSON] {
    var blocks: [OrderedJSON] = []
    for part in parts {
      switch part {
      case .text(let text): if !text.trimmed.isEmpty { blocks.append(["type": "text", "text": .text(text)]) }
      case .image(let source, _): blocks.append(["type": "image", "source": source.messages])
      case .file(let source, let name):
        var block: OrderedJSON = ["type": "document", "source": source.messages]
        block.set("title", ifGiven: name.map(OrderedJSON.text))
        blocks.append(block)
      case .audio: throw lacking(part.noun, .messages)
      }
    }
    return blocks
  }
}

extension MediaSource {
  /// Anthropic's `source`.
  fileprivate var messages: OrderedJSON {
    switch self {
    case .url(let address): ["type": "url", "url": .text(address)]
    case .data(let type, let base64): ["type": "base64", "media_type": .text(type), "data": .text(base64)]
    case .id(let id): ["type": "file", "file_id": .text(id)]
    }
  }
}
