import Agents
import Dialects

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
    let (answer, neutral) = said(in: last, number: count - 1)
    let text = neutral?.texts.joined(separator: "\n") ?? last.action.text
    return .message(text.allSatisfy(\.isWhitespace) ? Readable.answer(answer.body, answer.dialect) : text)
  }

  /// The attempt as messages of OpenAI's chat API, which end with the model's last answer.
  ///
  /// In a world of steps: the instructions, then observations and answers in turn, without what ``Prompting`` leaves out
  /// of long prompts. In a conversation: what the model was last asked, and its answer. A program that begins a new
  /// conversation in the middle is shown by its last one.
  package func chatMessages(in world: any World, format: ActionFormat) -> [OrderedJSON] {
    guard let last else { return [] }
    guard world.identity.isConversation else { return stepMessages(in: world, format: format) }
    let parts = said(in: last, number: count - 1).neutral?.parts ?? [.text(last.action.text)]
    return (lastQuestion?.chatMessages ?? []) + [parts.chatMessage]
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

  private func said(in step: Step, number: Int) -> (answer: ModelAnswer, neutral: NeutralAnswer?) {
    let answer = ModelAnswer(step.action, number: number)
    return (answer, try? NeutralAnswer(answer.body, answer.dialect))
  }

  private func stepMessages(in world: any World, format: ActionFormat) -> [OrderedJSON] {
    var entries = format.applied(to: world.transcript(for: prefix(0))).entries.filter { $0 != .instructions("") }
    for (place, step) in steps.enumerated() {
      entries.append(.response(step.response))
      if place < count - 1 { entries.append(.prompt(step.outcome.observation.text)) }
    }
    let tools = format.tools(world.tools(for: task), choices: opening.choices)
    return Transcript(entries: entries).chatMessages(tools: tools)
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
