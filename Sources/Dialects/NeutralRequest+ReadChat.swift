import Agents

extension NeutralRequest {
  /// Reads the body of a question to `/chat/completions`.
  mutating func readChat(_ body: OrderedJSON) throws(UntranslatableError) {
    var fields = Fields(body, .chat)
    fields.dropAll(
      "model", "stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier",
      "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options")
    fields.drop("n", ifEqual: 1)
    fields.drop("frequency_penalty", ifEqual: 0)
    fields.drop("presence_penalty", ifEqual: 0)
    fields.drop("logit_bias", ifEqual: [:])
    fields.drop("modalities", ifEqual: ["text"])
    fields.drop("functions", ifEqual: [])
    for message in fields.take("messages")?.items ?? [] { try readChat(message: message) }
    for tool in fields.take("tools")?.items ?? [] {
      let kind = tool["type"]?.text ?? "function"
      guard kind == "function", let function = tool["function"] else {
        throw fields.untranslatable("a tool of the type \(kind)")
      }
      try tools.append(Tool(function, schemaKey: "parameters", .chat))
    }
    if let choice = fields.take("tool_choice") {
      toolChoice = try Self.choice(choice, name: choice["function"]?["name"]?.text, fields)
    }
    parallelToolCalls = fields.take("parallel_tool_calls")?.flag
    if let format = fields.take("response_format") {
      self.format = try Self.format(format, schema: format["json_schema"], fields)
    }
    let stops = fields.take("stop")
    stop = stops?.text.map { [$0] } ?? stops?.items?.compactMap(\.text) ?? []
    // Both are read, so that neither is left over.
    let (length, older) = (fields.take("max_completion_tokens"), fields.take("max_tokens"))
    maxTokens = (length ?? older)?.integer
    temperature = fields.take("temperature")
    topP = fields.take("top_p")
    seed = fields.take("seed")
    reasoningEffort = fields.take("reasoning_effort")?.text
    verbosity = fields.take("verbosity")?.text
    logProbabilities = fields.take("logprobs")?.flag ?? false
    topLogProbabilities = fields.take("top_logprobs")?.integer
    try fields.finish()
  }

  private mutating func readChat(message: OrderedJSON) throws(UntranslatableError) {
    var fields = Fields(message, .chat)
    let role = fields.take("role")?.text ?? ""
    let content = fields.take("content")
    switch role {
    case "system", "developer":
      appendInstructions(try Self.parts(content, .chat).onlyText ?? "")
    case "user": turns.append(.user(try Self.parts(content, .chat)))
    case "tool":
      fields.dropAll("name")
      turns.append(
        .result(
          ToolResult(id: fields.take("tool_call_id")?.text ?? "", parts: try Self.parts(content, .chat))))
    case "assistant":
      fields.dropAll("annotations", "reasoning", "reasoning_content", "reasoning_details", "tool_calls", "refusal")
      for call in message["tool_calls"]?.items ?? [] where call["type"]?.text ?? "function" != "function" {
        throw fields.untranslatable("a tool call of the type \(call["type"]?.text ?? "")")
      }
      appendAnswer(AnswerPart.chatParts(message, separatesThoughts: false))
    default: throw fields.untranslatable("a message of the role \(role)")
    }
    try fields.finish(in: "a message of the role \(role)")
  }

  /// Reads `content` of a chat message or of an item of Responses: a text or parts.
  static func parts(_ content: OrderedJSON?, _ dialect: ModelDialect) throws(UntranslatableError) -> [ContentPart] {
    guard let content else { return [] }
    if let text = content.text { return [.text(text)] }
    var parts: [ContentPart] = []
    for part in content.items ?? [] {
      if let text = part.text {
        parts.append(.text(text))
        continue
      }
      switch part["type"]?.text ?? "" {
      case "text", "input_text", "output_text": parts.append(.text(part["text"]?.text ?? ""))
      case "refusal": parts.append(.text(part["refusal"]?.text ?? ""))
      case "image_url", "input_image":
        let image = part["image_url"]
        let address = image?.text ?? image?["url"]?.text
        let detail = part["detail"]?.text ?? image?["detail"]?.text
        if let address {
          parts.append(.image(MediaSource(address: address), detail: detail))
        } else {
          parts.append(.image(.id(part["file_id"]?.text ?? ""), detail: detail))
        }
      case "file", "input_file":
        let file = part["file"] ?? part
        let source =
          file["file_data"]?.text.map(MediaSource.init(address:)) ?? file["file_url"]?.text.map(MediaSource.url)
          ?? .id(file["file_id"]?.text ?? "")
        parts.append(.file(source, name: file["filename"]?.text))
      case "input_audio":
        let audio = part["input_audio"]
        parts.append(.audio(base64: audio?["data"]?.text ?? "", format: audio?["format"]?.text ?? ""))
      case let kind: throw UntranslatableError(dialect, with: "content of the type \(kind)")
      }
    }
    return parts
  }

  /// Reads `tool_choice` of chat and of Responses.
  static func choice(
    _ choice: OrderedJSON, name: String?, _ fields: Fields
  ) throws(UntranslatableError) -> ToolChoice {
    switch choice.text ?? choice["type"]?.text ?? "" {
    case "auto": return .auto
    case "none": return .none
    case "required": return .required
    case "function": return .named(name ?? "")
    case let kind: throw fields.untranslatable("the tool choice \(kind)")
    }
  }

  /// Reads a format of chat and of Responses; `schema` has the members of a schema.
  static func format(
    _ format: OrderedJSON, schema: OrderedJSON?, _ fields: Fields
  ) throws(UntranslatableError) -> Format {
    switch format["type"]?.text ?? "text" {
    case "text": return .text
    case "json_object": return .jsonObject
    case "json_schema":
      return .schema(
        name: schema?["name"]?.text, description: schema?["description"]?.text, strict: schema?["strict"]?.flag,
        schema: schema?["schema"] ?? [:])
    case let kind: throw fields.untranslatable("the response format \(kind)")
    }
  }
}

extension NeutralRequest.Tool {
  /// Reads the members of a function; the schema is under the given key.
  init(_ function: OrderedJSON, schemaKey: String, _ dialect: ModelDialect) throws(UntranslatableError) {
    var fields = Fields(function, dialect)
    fields.dropAll("type", "cache_control")
    self.init(
      name: fields.take("name")?.text ?? "", description: fields.take("description")?.text,
      schema: fields.take(schemaKey), strict: fields.take("strict")?.flag)
    try fields.finish(in: "a tool")
  }
}
