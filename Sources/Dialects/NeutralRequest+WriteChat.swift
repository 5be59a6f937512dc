import Agents

extension NeutralRequest {
  /// The body of a question to `/chat/completions`. The length is limited by `max_completion_tokens`.
  func chatBody() throws(UntranslatableError) -> OrderedJSON {
    try refusePrefill(.chat)
    if topK != nil { throw lacking("top_k", .chat) }
    var messages: [OrderedJSON] = []
    // The templates of many open models accept one system message at most.
    if !instructions.isEmpty {
      messages.append(["role": "system", "content": .text(instructions.joined(separator: "\n\n"))])
    }
    for turn in turns {
      switch turn {
      case .instructions(let text): messages.append(["role": "system", "content": .text(text)])
      case .user(let parts): messages.append(["role": "user", "content": try chatContent(parts)])
      case .assistant(let parts): messages.append(parts.chatMessage)
      case .result(let result):
        // A tool message has no mark for errors; the text says it.
        guard let text = result.parts.onlyText else { throw lacking("images or files in the result of a tool", .chat) }
        messages.append(["role": "tool", "tool_call_id": .text(result.id), "content": .text(text)])
      }
    }
    var body: OrderedJSON = ["messages": .list(messages)]
    if !tools.isEmpty {
      body.set("tools", .list(tools.map { ["type": "function", "function": $0.members(schemaKey: "parameters")] }))
    }
    body.set(
      "tool_choice",
      ifGiven: toolChoice.map { choice in
        switch choice {
        case .auto: "auto"
        case .none: "none"
        case .required: "required"
        case .named(let name): ["type": "function", "function": ["name": .text(name)]]
        }
      })
    body.set("parallel_tool_calls", ifGiven: tools.isEmpty ? nil : parallelToolCalls.map(OrderedJSON.flag))
    switch format {
    case .jsonObject: body.set("response_format", ["type": "json_object"])
    case .schema(let name, let description, let strict, let schema):
      body.set(
        "response_format",
        [
          "type": "json_schema",
          "json_schema": Self.schema(name: name, description: description, strict: strict, schema: schema),
        ])
    case .text, nil: break
    }
    if !stop.isEmpty { body.set("stop", .list(stop.map(OrderedJSON.text))) }
    body.set("max_completion_tokens", ifGiven: maxTokens.map(OrderedJSON.integer))
    body.set("temperature", ifGiven: temperature)
    body.set("top_p", ifGiven: topP)
    body.set("seed", ifGiven: seed)
    body.set("reasoning_effort", ifGiven: reasoningEffort.map(OrderedJSON.text))
    body.set("verbosity", ifGiven: verbosity.map(OrderedJSON.text))
    if logProbabilities { body.set("logprobs", true) }
    if logProbabilities { body.set("top_logprobs", ifGiven: topLogProbabilities.map(OrderedJSON.integer)) }
    return body
  }

  /// The members of a schema in chat and Responses. The name is required there.
  static func schema(name: String?, description: String?, strict: Bool?, schema: OrderedJSON) -> OrderedJSON {
    var members: OrderedJSON = ["name": .text(name ?? "answer")]
    members.set("description", ifGiven: description.map(OrderedJSON.text))
    members.set("schema", schema)
    members.set("strict", ifGiven: strict.map(OrderedJSON.flag))
    return members
  }

  private func chatContent(_ parts: [ContentPart]) throws(UntranslatableError) -> OrderedJSON {
    if parts.count == 1, case .text(let text) = parts[0] { return .text(text) }
    var content: [OrderedJSON] = []
    for part in parts {
      switch part {
      case .text(let text): content.append(["type": "text", "text": .text(text)])
      case .image(let source, let detail):
        guard let address = source.address else { throw lacking("an image that was uploaded", .chat) }
        var image: OrderedJSON = ["url": .text(address)]
        image.set("detail", ifGiven: detail.map(OrderedJSON.text))
        content.append(["type": "image_url", "image_url": image])
      case .file(let source, let name):
        var file: OrderedJSON = [:]
        file.set("filename", ifGiven: name.map(OrderedJSON.text))
        switch source {
        case .url: throw lacking("a file by its address", .chat)
        case .id(let id): file.set("file_id", .text(id))
        case .data: file.set("file_data", ifGiven: source.address.map(OrderedJSON.text))
        }
        content.append(["type": "file", "file": file])
      case .audio(let base64, let format):
        content.append(["type": "input_audio", "input_audio": ["data": .text(base64), "format": .text(format)]])
      }
    }
    return .list(content)
  }
}

extension NeutralRequest.Tool {
  /// The members of a function, with the schema under the given key.
  func members(schemaKey: String) -> OrderedJSON {
    var members: OrderedJSON = ["name": .text(name)]
    members.set("description", ifGiven: description.map(OrderedJSON.text))
    members.set(schemaKey, ifGiven: schema)
    members.set("strict", ifGiven: strict.map(OrderedJSON.flag))
    return members
  }
}
