import Agents

extension ModelAnswer {
  /// The answer that an action hands to a program. An answer that is only a text is one of chat, with the tool calls
  /// that the text holds.
  ///
  /// - Parameter number: of the answer in its attempt, so that two equal calls have different ids.
  package init(_ action: Action, number: Int) {
    if case .answer(_, inFull: let text?) = action, let answer = ModelAnswer(text) {
      self = answer
    } else {
      self = .plain(action.text, number: number)
    }
  }

  /// An answer of a model that only writes text.
  package static func plain(_ text: String, number: Int = 0) -> ModelAnswer {
    var digest = Digest()
    digest.add(text, "\(number)")
    var parts: [AnswerPart] = []
    let (words, calls) = Readable.parts(of: text)
    if !words.isEmpty || calls.isEmpty { parts.append(.text(words)) }
    for (number, call) in calls.enumerated() {
      parts.append(
        .call(
          CalledTool(id: "call_\(digest.text.prefix(12))_\(number)", name: call.name, arguments: call.arguments)))
    }
    let answer = NeutralAnswer(parts: parts, finish: calls.isEmpty ? .stop : .toolCalls)
    return ModelAnswer(
      dialect: .chat, body: answer.json(in: .chat, model: "", id: "chatcmpl-\(digest.text)", created: 0))
  }
}
