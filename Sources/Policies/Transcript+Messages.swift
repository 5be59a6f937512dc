import Agents

extension Transcript {
  /// The transcript as messages of OpenAI's chat API, with the same turns as ``ChatCompletionsPolicy`` sends them.
  ///
  /// - Parameter tools: the tools offered. A call of any other tool remains text.
  package func chatMessages(tools: [ActionTool] = []) -> [OrderedJSON] {
    Conversation(self, tools: tools).turns.map { turn in
      switch turn {
      case .instructions(let text): ["role": "system", "content": .text(text)]
      case .prompt(let text): ["role": "user", "content": .text(text)]
      case .response(let text): ["role": "assistant", "content": .text(text)]
      case .result(let text, let id): ["role": "tool", "content": .text(text), "tool_call_id": .text(id)]
      case .call(let called):
        [
          "role": "assistant", "content": .text(called.words),
          "tool_calls": [
            [
              "id": .text(called.id), "type": "function",
              "function": ["name": .text(called.call.name), "arguments": .text(called.call.argumentsJSON)],
            ]
          ],
        ]
      }
    }
  }
}

extension ActionTool {
  /// The tool as OpenAI's chat API describes it, with the parameters in the order in which the model sees them.
  package var chatTool: OrderedJSON {
    let properties = parameters.map { parameter -> OrderedJSON.Member in
      var property: OrderedJSON = ["type": "string", "description": .text(parameter.description)]
      property.set("enum", ifGiven: parameter.choices.map { .list($0.map(OrderedJSON.text)) })
      return OrderedJSON.Member(parameter.name, property)
    }
    return [
      "type": "function",
      "function": [
        "name": .text(name), "description": .text(description),
        "parameters": [
          "type": "object", "properties": .object(properties),
          "required": .list(parameters.map { .text($0.name) }), "additionalProperties": false,
        ],
      ],
    ]
  }

  /// Reads a tool as ``chatTool`` describes it; nil for other descriptions. Its template is unknown.
  package init?(chatTool json: OrderedJSON) {
    guard let function = json["function"], let name = function["name"]?.text else { return nil }
    let properties = function["parameters"]?["properties"]?.members ?? []
    self.init(
      name, function["description"]?.text ?? "",
      parameters: properties.map { member in
        Parameter(
          member.key, member.value["description"]?.text ?? "",
          choices: member.value["enum"]?.items.map { $0.compactMap(\.text) })
      }, template: "")
    guard chatTool == json else { return nil }
  }
}
