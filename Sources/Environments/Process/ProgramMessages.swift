import Agents
import Dialects

/// What a program adds to a conversation at one step: messages of the chat API, and tools that replace the earlier ones.
struct ProgramMessages {
  let messages: [OrderedJSON]
  /// nil if the tools stay as they are.
  let tools: [OrderedJSON]?

  private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool"]

  init(_ reply: ProgramReply, to operation: String) throws(WorldError) {
    let line = OrderedJSON(parsing: reply.line)
    tools = line?["tools"]?.items.map { $0.map(Self.function) }
    if let messages = line?["messages"]?.items {
      for message in messages where !Self.roles.contains(message["role"]?.text ?? "") {
        throw WorldError(
          .misconfigured,
          "The program answered \(operation) with a message that has no role of the chat API: \(message.json.clipped(to: 200))"
        )
      }
      self.messages = messages
    } else if let text = reply.observation {
      messages = [["role": "user", "content": .text(text)]]
    } else {
      messages = []
    }
    guard !messages.isEmpty || reply.done == true else {
      throw WorldError(.misconfigured, "The program answered \(operation) without messages.")
    }
  }

  /// A tool may be given as its function alone.
  private static func function(_ tool: OrderedJSON) -> OrderedJSON {
    tool["function"] == nil && tool["type"]?.text.map { $0 == "function" } ?? true
      ? ["type": "function", "function": tool] : tool
  }

  /// The form in which it is an observation.
  var json: String {
    var value: OrderedJSON = ["messages": .list(messages)]
    if let tools { value.set("tools", .list(tools)) }
    return value.json
  }

  init?(json: String) {
    guard let value = OrderedJSON(parsing: json), let messages = value["messages"]?.items else { return nil }
    (self.messages, tools) = (messages, value["tools"]?.items)
  }
}

/// A policy's answer as a program gets it.
struct SpokenAnswer {
  /// The assistant's message without thoughts.
  let message: OrderedJSON
  /// The tool calls with arguments as objects; `null` for arguments that are not an object in JSON.
  let calls: OrderedJSON

  init(_ action: Action) {
    let parts = ModelAnswer(action, number: 0).parts
    message = parts.filter { if case .reasoning = $0 { false } else { true } }.chatMessage
    calls = .list(
      parts.calls.map { call in
        let text = call.arguments.trimmed.isEmpty ? "{}" : call.arguments
        let arguments = OrderedJSON(parsing: text).flatMap { $0.members == nil ? nil : $0 }
        return ["id": .text(call.id), "name": .text(call.name), "arguments": arguments ?? .null]
      })
  }
}

extension ModelAnswer {
  /// The parts of the answer; none if it cannot be read.
  var parts: [AnswerPart] { (try? NeutralAnswer(body, dialect))?.parts ?? [] }
}
