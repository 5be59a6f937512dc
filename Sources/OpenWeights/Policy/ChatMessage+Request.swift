import Agents
import Dialects
import ModelFiles

extension [ChatMessage] {
  /// A transcript as turns. With tools, calls and their results are turns of their own.
  init(_ transcript: Transcript, tools: [ActionTool]) {
    guard tools.isEmpty else {
      self.init(Conversation(transcript, tools: tools))
      return
    }
    self = transcript.entries.compactMap { entry in
      switch entry {
      case .instructions(let text): ChatMessage(role: "system", content: text)
      case .prompt(let text): ChatMessage(role: "user", content: text)
      case .continuation: nil
      case .response(let text): ChatMessage(role: "assistant", content: text)
      }
    }
  }

  private init(_ conversation: Conversation) {
    self = []
    for turn in conversation.turns {
      switch turn {
      case .instructions(let text): append(ChatMessage(role: "system", content: text))
      case .prompt(let text): append(ChatMessage(role: "user", content: text))
      case .response(let text): append(ChatMessage(role: "assistant", content: text))
      case .call(let called):
        let arguments = OrderedJSON(parsing: called.call.argumentsJSON) ?? [:]
        let call = ChatMessage.Call(id: called.id, name: called.call.name, arguments: arguments)
        append(ChatMessage(role: "assistant", content: called.words, calls: [call]))
      case .result(let text, let id):
        let call = last?.calls.last ?? ChatMessage.Call(id: id, name: "")
        append(ChatMessage(result: text, of: call))
      }
    }
  }

  /// A question of an agent's own program. Calls are numbered, since some templates want ids of nine letters and digits.
  init(_ request: NeutralRequest) {
    self = request.instructions.map { ChatMessage(role: "system", content: $0) }
    var calls: [String: ChatMessage.Call] = [:]
    for turn in request.turns {
      switch turn {
      case .assistant(let parts):
        let called = parts.calls.map { call in
          let number = "\(calls.count)"
          let numbered = ChatMessage.Call(
            id: "call" + String(repeating: "0", count: Swift.max(0, 5 - number.count)) + number, name: call.name,
            arguments: OrderedJSON(parsing: call.arguments) ?? .text(call.arguments))
          calls[call.id] = numbered
          return numbered
        }
        let words = parts.filter { if case .call = $0 { false } else { true } }
        append(ChatMessage(role: "assistant", content: Readable.turn(.assistant(words)).text, calls: called))
      case .result(let result):
        let call = calls[result.id] ?? ChatMessage.Call(id: result.id, name: "")
        append(ChatMessage(result: Readable.turn(turn).text, of: call))
      case .user: append(ChatMessage(role: "user", content: Readable.turn(turn).text))
      case .instructions(let text): append(ChatMessage(role: "system", content: text))
      }
    }
  }
}
