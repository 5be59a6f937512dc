import Agents

extension NeutralRequest {
  /// Reads the body of a question to `/responses`.
  mutating func readResponses(_ body: OrderedJSON) throws(UntranslatableError) {
    var fields = Fields(body, .responses)
    fields.dropAll(
      "model", "stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier",
      "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
      // Concerns tools of the server alone, which are refused.
      "max_tool_calls")
    fields.drop("background", ifEqual: false)
    fields.drop("truncation", ifEqual: "disabled")
    if let text = fields.take("instructions") {
      guard let text = text.text else { throw fields.untranslatable("instructions that are items") }
      instructions.append(text)
    }
    let input = fields.take("input")
    if let text = input?.text { turns.append(.user([.text(text)])) }
    for item in input?.items ?? [] { try readResponses(item: item, fields) }
    for tool in fields.take("tools")?.items ?? [] {
      let kind = tool["type"]?.text ?? ""
      guard kind == "function" else { throw fields.untranslatable("the tool \(kind)") }
      try tools.append(Tool(tool, schemaKey: "parameters", .responses))
    }
    if let choice = fields.take("tool_choice") {
      toolChoice = try Self.choice(choice, name: choice["name"]?.text, fields)
    }
    parallelToolCalls = fields.take("parallel_tool_calls")?.flag
    let text = fields.take("text")
    if let format = text?["format"], !format.isNull { self.format = try Self.format(format, schema: format, fields) }
    verbosity = text?["verbosity"]?.text
    maxTokens = fields.take("max_output_tokens")?.integer
    temperature = fields.take("temperature")
    topP = fields.take("top_p")
    // A summary is only shown and changes no answer.
    reasoningEffort = fields.take("reasoning")?["effort"]?.text
    let include = fields.take("include")?.items ?? []
    logProbabilities = include.contains("message.output_text.logprobs")
    topLogProbabilities = fields.take("top_logprobs")?.integer
    // OpenAI reports them for either setting.
    if topLogProbabilities ?? 0 > 0 { logProbabilities = true }
    try fields.finish()
  }

  private mutating func readResponses(item: OrderedJSON, _ fields: Fields) throws(UntranslatableError) {
    if let parts = AnswerPart.responsesParts(item) { return appendAnswer(parts) }
    switch item["type"]?.text ?? "message" {
    case "message":
      let parts = try Self.parts(item["content"], .responses)
      switch item["role"]?.text ?? "user" {
      case "system", "developer":
        guard let text = parts.onlyText else { throw fields.untranslatable("instructions that are not text") }
        appendInstructions(text)
      case "user": turns.append(.user(parts))
      case let role: throw fields.untranslatable("a message of the role \(role)")
      }
    case "function_call_output":
      turns.append(
        .result(ToolResult(id: item["call_id"]?.text ?? "", parts: try Self.parts(item["output"], .responses))))
    case let kind: throw fields.untranslatable("an item of the type \(kind)")
    }
  }

  /// The body of a question to `/responses`. Nothing is stored, and encrypted reasoning is asked for where there is
  /// some in the history or tools are offered.
  func responsesBody() throws(UntranslatableError) -> OrderedJSON {
    try refusePrefill(.responses)
    if topK != nil { throw lacking("top_k", .responses) }
    if !stop.isEmpty { throw lacking("stop sequences", .responses) }
    var input: [OrderedJSON] = []
    for turn in turns {
      switch turn {
      case .instructions(let text): input.append(["role": "system", "content": .text(text)])
      case .user(let parts): input.append(["role": "user", "content": try responsesContent(parts)])
      case .assistant(let parts): input += parts.compactMap(\.responsesItem)
      case .result(let result):
        input.append([
          "type": "function_call_output", "call_id": .text(result.id), "output": try responsesContent(result.parts),
        ])
      }
    }
    var body: OrderedJSON = ["input": .list(input)]
    if !instructions.isEmpty { body.set("instructions", .text(instructions.joined(separator: "\n\n"))) }
    if !tools.isEmpty {
      body.set(
        "tools",
        .list(
          tools.map { tool in
            var members = tool.members(schemaKey: "parameters").members ?? []
            members.insert(.init("type", "function"), at: 0)
            // Responses would make tools strict by default, other dialects do not.
            if tool.strict == nil { members.append(.init("strict", false)) }
            return .object(members)
          }))
    }
    body.set(
      "tool_choice",
      ifGiven: toolChoice.map { choice in
        switch choice {
        case .auto: "auto"
        case .none: "none"
        case .required: "required"
        case .named(let name): ["type": "function", "name": .text(name)]
        }
      })
    body.set("parallel_tool_calls", ifGiven: tools.isEmpty ? nil : parallelToolCalls.map(OrderedJSON.flag))
    body.set("max_output_tokens", ifGiven: maxTokens.map(OrderedJSON.integer))
    body.set("temperature", ifGiven: temperature)
    body.set("top_p", ifGiven: topP)
    body.set("reasoning", ifGiven: reasoningEffort.map { ["effort": .text($0)] })
    body.set("text", ifGiven: responsesText)
    var include: [OrderedJSON] = []
    if reasoningEffort ?? "none" != "none" { include.append("reasoning.encrypted_content") }
    if logProbabilities {
      include.append("message.output_text.logprobs")
      body.set("top_logprobs", ifGiven: topLogProbabilities.map(OrderedJSON.integer))
    }
    if !include.isEmpty { body.set("include", .list(include)) }
    body.set("store", false)
    return body
  }

  private var responsesText: OrderedJSON? {
    var text: OrderedJSON = [:]
    switch format {
    case .jsonObject: text.set("format", ["type": "json_object"])
    case .schema(let name, let description, let strict, let schema):
      var members =
        Self.schema(name: name, description: description, strict: strict, schema: schema).members ?? []
      members.insert(.init("type", "json_schema"), at: 0)
      text.set("format", .object(members))
    case .text, nil: break
    }
    text.set("verbosity", ifGiven: verbosity.map(OrderedJSON.text))
    return text.members?.isEmpty == false ? text : nil
  }

  private func responsesContent(_ parts: [ContentPart]) throws(UntranslatableError) -> OrderedJSON {
    if parts.isEmpty { return "" }
    if parts.count == 1, case .text(let text) = parts[0] { return .text(text) }
    var content: [OrderedJSON] = []
    for part in parts {
      switch part {
      case .text(let text): content.append(["type": "input_text", "text": .text(text)])
      case .image(let source, let detail):
        var image: OrderedJSON = ["type": "input_image", "detail": .text(detail ?? "auto")]
        if case .id(let id) = source { image.set("file_id", .text(id)) }
        image.set("image_url", ifGiven: source.address.map(OrderedJSON.text))
        content.append(image)
      case .file(let source, let name):
        var file: OrderedJSON = ["type": "input_file"]
        file.set("filename", ifGiven: name.map(OrderedJSON.text))
        switch source {
        case .url(let address): file.set("file_url", .text(address))
        case .id(let id): file.set("file_id", .text(id))
        case .data: file.set("file_data", ifGiven: source.address.map(OrderedJSON.text))
        }
        content.append(file)
      case .audio: throw lacking(part.noun, .responses)
      }
    }
    return .list(content)
  }
}

extension AnswerPart {
  /// The part as an item of the input; nil for thoughts that cannot be sent back.
  fileprivate var responsesItem: OrderedJSON? {
    switch self {
    case .reasoning(let reasoning): reasoning.isWhole ? reasoning.responsesItem(id: nil) : nil
    case .text(let text):
      ["type": "message", "role": "assistant", "content": [["type": "output_text", "text": .text(text)]]]
    case .refusal(let text):
      ["type": "message", "role": "assistant", "content": [["type": "refusal", "refusal": .text(text)]]]
    case .call(let call):
      [
        "type": "function_call", "call_id": .text(call.id), "name": .text(call.name),
        "arguments": .text(call.arguments),
      ]
    }
  }
}
