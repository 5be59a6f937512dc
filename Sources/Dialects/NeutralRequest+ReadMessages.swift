import Agents

extension NeutralRequest {
  /// Reads the body of a question to Anthropic's `/messages`.
  mutating func readMessages(_ body: OrderedJSON) throws(UntranslatableError) {
    var fields = Fields(body, .messages)
    fields.dropAll(
      "model", "stream", "metadata", "service_tier", "cache_control", "inference_geo", "diagnostics",
      "user_profile_id", "workspace_id", "speed")
    if let system = fields.take("system") {
      instructions = system.text.map { [$0] } ?? (system.items ?? []).compactMap { $0["text"]?.text }
    }
    for message in fields.take("messages")?.items ?? [] { try readMessages(message: message, fields) }
    for tool in fields.take("tools")?.items ?? [] {
      let kind = tool["type"]?.text ?? "custom"
      guard kind == "custom", tool["input_schema"] != nil else { throw fields.untranslatable("the tool \(kind)") }
      try tools.append(Tool(tool, schemaKey: "input_schema", .messages))
    }
    if let choice = fields.take("tool_choice") {
      switch choice["type"]?.text ?? "" {
      case "auto": toolChoice = .auto
      case "any": toolChoice = .required
      case "none": toolChoice = NeutralRequest.ToolChoice.none
      case "tool": toolChoice = .named(choice["name"]?.text ?? "")
      case let kind: throw fields.untranslatable("the tool choice \(kind)")
      }
      parallelToolCalls = choice["disable_parallel_tool_use"]?.flag.map { !$0 }
    }
    let output = fields.take("output_config")
    reasoningEffort = output?["effort"]?.text
    if let format = output?["format"] ?? fields.take("output_format"), !format.isNull {
      self.format = .schema(name: nil, description: nil, strict: true, schema: format["schema"] ?? [:])
    }
    if let thinking = fields.take("thinking") {
      switch thinking["type"]?.text {
      case "disabled": reasoningEffort = reasoningEffort ?? "none"
      // The model decides how long it thinks, as it does elsewhere.
      case "adaptive": break
      default: throw fields.untranslatable("a budget of tokens for thinking")
      }
    }
    stop = (fields.take("stop_sequences")?.items ?? []).compactMap(\.text)
    maxTokens = fields.take("max_tokens")?.integer
    temperature = fields.take("temperature")
    topP = fields.take("top_p")
    topK = fields.take("top_k")
    try fields.finish()
  }

  private mutating func readMessages(message: OrderedJSON, _ fields: Fields) throws(UntranslatableError) {
    let content = message["content"]
    let blocks: [OrderedJSON] = content?.text.map { [["type": "text", "text": .text($0)]] } ?? content?.items ?? []
    switch message["role"]?.text ?? "" {
    case "assistant":
      var parts: [AnswerPart] = []
      for block in blocks {
        guard let part = AnswerPart.messagesPart(block) else {
          throw fields.untranslatable("content of the type \(block["type"]?.text ?? "")")
        }
        parts.append(part)
      }
      appendAnswer(parts)
    case "user":
      var parts: [ContentPart] = []
      for block in blocks {
        guard block["type"]?.text == "tool_result" else {
          parts.append(try Self.messagesPart(block))
          continue
        }
        if !parts.isEmpty { turns.append(.user(parts)) }
        parts = []
        var result = ToolResult(
          id: block["tool_use_id"]?.text ?? "", parts: [], isError: block["is_error"]?.flag ?? false)
        if let text = block["content"]?.text { result.parts = [.text(text)] }
        for part in block["content"]?.items ?? [] { result.parts.append(try Self.messagesPart(part)) }
        turns.append(.result(result))
      }
      if !parts.isEmpty { turns.append(.user(parts)) }
    case "system": appendInstructions(blocks.compactMap { $0["text"]?.text }.joined(separator: "\n"))
    case let role: throw fields.untranslatable("a message of the role \(role)")
    }
  }

  private static func messagesPart(_ block: OrderedJSON) throws(UntranslatableError) -> ContentPart {
    let kind = block["type"]?.text ?? ""
    switch kind {
    case "text": return .text(block["text"]?.text ?? "")
    case "image", "document":
      guard let source = block["source"], let media = MediaSource(messages: source) else {
        throw UntranslatableError(
          .messages, with: "content of the type \(kind) from \(block["source"]?["type"]?.text ?? "")")
      }
      return kind == "image" ? .image(media, detail: nil) : .file(media, name: block["title"]?.text)
    default: throw UntranslatableError(.messages, with: "content of the type \(kind)")
    }
  }
}

extension MediaSource {
  /// Reads Anthropic's `source`.
  fileprivate init?(messages source: OrderedJSON) {
    switch source["type"]?.text {
    case "base64": self = .data(type: source["media_type"]?.text ?? "", base64: source["data"]?.text ?? "")
    case "url": self = .url(source["url"]?.text ?? "")
    case "file": self = .id(source["file_id"]?.text ?? "")
    default: return nil
    }
  }
}
