import Agents

/// What a chat template does with tools.
package struct ToolStyle: Sendable, Hashable {
  /// How the model writes a call.
  package enum CallForm: Sendable, Hashable {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`
    case tagged
    /// `{"name": …, KEY: …}` with this key of the arguments.
    case bare(key: String)
  }

  /// Whether the template lists the tools. Otherwise they are described in the system message.
  package internal(set) var isListed = false
  /// Whether the template writes calls and results. Otherwise they are text.
  package internal(set) var writesCalls = false
  package internal(set) var form = CallForm.tagged
  /// Whether a call's arguments are given as a text of JSON, and not as an object.
  var argumentsAreText = false

  /// A call as templates take it.
  func value(_ call: ChatMessage.Call) -> JinjaValue {
    let arguments = argumentsAreText ? OrderedJSON.text(call.arguments.text ?? call.arguments.spaced) : call.arguments
    return .record([
      "type": .text("function"), "id": .text(JinjaText(call.id, isSaid: true)),
      "function": .record([
        "name": .text(JinjaText(call.name, isSaid: true)), "arguments": JinjaValue(said: arguments),
      ]),
    ])
  }
}

extension ChatTemplate {
  /// A conversation with tools. What the template has no place for is written as text, in the form of Hermes and Qwen.
  func conversation(
    _ messages: [ChatMessage], tools: [OrderedJSON], addsGenerationPrompt: Bool
  ) throws -> JinjaText {
    let hasCalls = messages.contains { !$0.calls.isEmpty || $0.answered != nil }
    let isListed = self.tools.isListed
    let described = isListed || tools.isEmpty ? messages : Self.describing(tools, in: messages)
    func text(_ messages: [ChatMessage]) throws -> JinjaText {
      try self.text(messages, tools: isListed ? tools : [], addsGenerationPrompt: addsGenerationPrompt)
    }
    guard hasCalls else { return try text(described) }
    // A template may write calls and refuse some, such as two at a time.
    if self.tools.writesCalls, let text = try? text(described) { return text }
    return try text(Self.withoutCalls(described))
  }

  /// Adds a description of the tools to the system message.
  private static func describing(_ tools: [OrderedJSON], in messages: [ChatMessage]) -> [ChatMessage] {
    let description = """
      # Tools

      You can call functions to help with the user's request. Each function is described by its JSON schema within \
      <tools></tools>:
      <tools>
      \(tools.map(\.spaced).joined(separator: "\n"))
      </tools>

      For each call, write the function's name and its arguments as JSON within <tool_call></tool_call>:
      <tool_call>
      {"name": <name of the function>, "arguments": <object of its arguments>}
      </tool_call>
      """
    var messages = messages
    if messages.first?.role == "system" {
      messages[0].content += (messages[0].content.isEmpty ? "" : "\n\n") + description
    } else {
      messages.insert(ChatMessage(role: "system", content: description), at: 0)
    }
    return messages
  }

  /// Calls as text of the assistant, and results as text of the user.
  private static func withoutCalls(_ messages: [ChatMessage]) -> [ChatMessage] {
    var turns: [ChatMessage] = []
    for message in messages {
      if message.answered != nil || message.role == "tool" {
        let result = "<tool_response>\n\(message.content)\n</tool_response>"
        // Results of several calls are one turn, since many templates want the roles to alternate.
        if let last = turns.last, last.role == "user", last.content.hasSuffix("</tool_response>") {
          turns[turns.count - 1].content += "\n" + result
        } else {
          turns.append(ChatMessage(role: "user", content: result))
        }
      } else {
        let calls = message.calls.map { call in
          let json: OrderedJSON = ["name": .text(call.name), "arguments": call.arguments]
          return "<tool_call>\n\(json.spaced)\n</tool_call>"
        }
        let words = message.content.isEmpty ? [] : [message.content]
        turns.append(ChatMessage(role: message.role, content: (words + calls).joined(separator: "\n")))
      }
    }
    return turns
  }

  /// Finds out what the template does with tools, by rendering short conversations.
  mutating func probeTools() {
    let tool: OrderedJSON = [
      "type": "function",
      "function": [
        "name": "tool_name_1", "description": "tool-description-2",
        "parameters": [
          "type": "object",
          "properties": ["argument_3": ["type": "string", "description": "argument-description-4"]],
          "required": ["argument_3"],
        ],
      ],
    ]
    let question = ChatMessage(role: "user", content: "question-5")
    let call = ChatMessage.Call(id: "call00001", name: "tool_name_1", arguments: ["argument_3": "value-6"])
    let asked = [
      question, ChatMessage(role: "assistant", content: "", calls: [call]), ChatMessage(result: "result-7", of: call),
    ]
    let listing = (try? text([question], tools: [tool], addsGenerationPrompt: true))?.string ?? ""
    tools.isListed = ["tool_name_1", "tool-description-2", "argument_3", "question-5"].allSatisfy(listing.contains)
    // Some templates write the arguments as they are given, so that an object would come out as Python prints it.
    let found = [false, true].compactMap { probeCalls(asked, [tool], argumentsAreText: $0) }
    let json = found.first { $0.written.contains(/"argument_3":\s*"$/) }
    guard let (candidate, written) = json ?? found.first else { return }
    self = candidate
    tools.writesCalls = true
    if !written.contains("<tool_call>"),
      let match = written.firstMatch(of: /\{\s*"name":\s*"tool_name_1",\s*"(parameters|arguments)":\s*\{/)
    {
      tools.form = .bare(key: String(match.1))
    }
  }

  /// The template with arguments of that kind, and what it writes between the question and a value of the call's
  /// arguments; nil if it leaves out the call or its result.
  private func probeCalls(
    _ asked: [ChatMessage], _ tools: [OrderedJSON], argumentsAreText: Bool
  ) -> (template: ChatTemplate, written: Substring)? {
    var candidate = self
    candidate.tools.argumentsAreText = argumentsAreText
    guard
      let text = try? candidate.text(asked, tools: self.tools.isListed ? tools : [], addsGenerationPrompt: true).string,
      let question = text.firstRange(of: "question-5"),
      let value = text[question.upperBound...].firstRange(of: "value-6")
    else { return nil }
    let written = text[question.upperBound..<value.lowerBound]
    return written.contains("tool_name_1") && text[value.upperBound...].contains("result-7")
      ? (candidate, written) : nil
  }
}
