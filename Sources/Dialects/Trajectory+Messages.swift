import Agents

/// The last thing that a model said or did in an attempt.
package enum LastWords: Sendable, Hashable {
  /// The text of the last answer in a conversation.
  case message(String)
  /// The last action in a world of steps.
  case action(String)

  package var text: String {
    switch self {
    case .message(let text), .action(let text): text
    }
  }
}

extension Trajectory {
  /// The end of the attempt: in a conversation the text of the model's last answer, elsewhere its last action. An answer
  /// without text is its tool calls in words. nil before the first step.
  package func lastWords(in world: WorldIdentity) -> LastWords? {
    guard let last else { return nil }
    guard world.isConversation else { return .action(last.action.text) }
    let parts = answerParts(of: last, number: count - 1)
    let text = parts.texts.joined(separator: "\n")
    return .message(text.allSatisfy(\.isWhitespace) ? Readable.text(of: parts) : text)
  }

  /// The attempt as messages of OpenAI's chat API, which end with the model's last answer.
  ///
  /// In a world of steps: the instructions, then observations and answers in turn, without what ``Prompting`` leaves out
  /// of long prompts. In a conversation: what the model was last asked, and its answer. A program that begins a new
  /// conversation in the middle is shown by its last one.
  package func chatMessages(in world: any World, format: ActionFormat) -> [OrderedJSON] {
    guard let last else { return [] }
    guard world.identity.isConversation else { return stepMessages(in: world, format: format) }
    return (lastQuestion?.chatMessages ?? []) + [answerParts(of: last, number: count - 1).chatMessage]
  }

  /// The question that the last step answers.
  private var lastQuestion: ModelQuestion? {
    guard let asked = try? askedQuestions() else { return nil }
    var question: ModelQuestion?
    for each in asked.prefix(count) {
      guard let next = try? each.question(after: question) else { return nil }
      question = next
    }
    return question
  }

  private func answerParts(of step: Step, number: Int) -> [AnswerPart] {
    let answer = ModelAnswer(step.action, number: number)
    return (try? NeutralAnswer(answer.body, answer.dialect))?.parts ?? [.text(step.action.text)]
  }

  private func stepMessages(in world: any World, format: ActionFormat) -> [OrderedJSON] {
    let tools = format.tools(world.tools(for: task), choices: nil).map(\.name)
    var messages: [OrderedJSON] = []
    // The id of the call that the next observation answers.
    var called: String?
    func observe(_ text: String) {
      var message: OrderedJSON = ["role": called == nil ? "user" : "tool"]
      message.set("tool_call_id", ifGiven: called.map(OrderedJSON.text))
      message.set("content", .text(text))
      messages.append(message)
      called = nil
    }
    func answer(_ text: String) {
      guard let (call, words) = ToolCall.last(in: text), tools.contains(call.name) else {
        messages.append(["role": "assistant", "content": .text(text)])
        return
      }
      let id = "call_\(messages.count)"
      called = id
      let parts: [AnswerPart] =
        (words.isEmpty ? [] : [.text(words)])
        + [.call(CalledTool(id: id, name: call.name, arguments: call.argumentsJSON))]
      messages.append(parts.chatMessage)
    }
    for entry in format.applied(to: world.transcript(for: prefix(0))).entries {
      switch entry {
      case .instructions(let text):
        if !text.isEmpty { messages.append(["role": "system", "content": .text(text)]) }
      case .prompt(let text): observe(text)
      case .response(let text): answer(text)
      case .continuation: break
      }
    }
    for (place, step) in steps.enumerated() {
      answer(step.response)
      if place < count - 1 { observe(step.outcome.observation.text) }
    }
    return messages
  }
}

extension ModelQuestion {
  /// The messages of the question in the form of OpenAI's chat API; those of another API are translated.
  package var chatMessages: [OrderedJSON] {
    switch dialect {
    case .chat: body["messages"]?.items ?? []
    case .text: [["role": "user", "content": .text(body["prompt"]?.shown ?? "")]]
    case .responses, .messages:
      (try? NeutralRequest(self).body(in: .chat))?["messages"]?.items ?? []
    }
  }
}
