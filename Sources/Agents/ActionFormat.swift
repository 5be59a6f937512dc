/// How an action is written in a policy's answer.
public enum ActionFormat: String, CaseIterable, Sendable, Codable {
  /// The answer is the action.
  case plain
  /// "Thought: … Action: …": the action is what follows the last "Action:" (ReAct, arXiv 2210.03629).
  case react
  /// The model calls one of the world's actions as a tool, by native function calling or as a ``ToolCall`` in the text.
  case tools

  /// The instructions on the form of answers; nil if the format needs none.
  public var instructions: String? {
    switch self {
    case .plain, .tools: nil
    case .react:
      """
      Answer every time in this form, with exactly one action:
      Thought: what you make of the situation and what to do next
      Action: the action
      """
    }
  }

  /// The tools offered to the policy: empty unless the format calls tools.
  ///
  /// - Parameter tools: the world's own, or nil for ``ActionTool/act(choices:)``.
  public func tools(_ tools: [ActionTool]?, choices: [String]?) -> [ActionTool] {
    self == .tools ? tools ?? [.act(choices: choices)] : []
  }

  /// The transcript with this format's instructions added to its own.
  public func applied(to transcript: Transcript) -> Transcript {
    guard let instructions else { return transcript }
    var transcript = transcript
    if case .instructions(let own) = transcript.entries.first {
      transcript.entries[0] = .instructions(own + "\n\n" + instructions)
    } else {
      transcript.entries.insert(.instructions(instructions), at: 0)
    }
    return transcript
  }

  /// Reads the action from an answer.
  ///
  /// Thoughts in marks of their own and tokens that end the turn are not part of an answer. In ``react`` the first
  /// action counts, and decoration around it (Markdown, code fences, quotation marks, brackets, a final full stop) is
  /// removed. A ``plain`` answer is the action, character by character.
  ///
  /// If the world offers choices, decoration, case and final punctuation do not matter in any format. An answer that
  /// names none of the choices is unparsable. An answer that names one is given in the world's own spelling.
  ///
  /// - Parameter tools: what the policy was offered, for ``tools``.
  public func action(in response: String, choices: [String]?, tools: [ActionTool] = []) -> Action {
    // The common case needs no parsing: an exact choice, or any text without white space at its ends.
    if self == .plain, choices?.contains(response) ?? Self.isBare(response) { return .act(response) }
    let answer = Thoughts(in: response).answer
    let action: String?
    switch self {
    case .tools:
      // The model invents tool responses, and every call after an invented response is invented, too.
      let words = answer.range(of: "<tool_response>", last: false).map { String(answer[..<$0.lowerBound]) } ?? answer
      let called = ToolCall.last(in: words)?.call
      let call = called.flatMap { call in tools.first { $0.name == call.name }?.action(call.arguments) }
      action = choices == nil ? call.map { String($0.trimmed) } : choices.reading(call?[...])
    case .plain:
      let words = TurnEnd.words(of: answer[...])
      let answer = ReactAnswer(words)
      action = choices == nil ? String(words) : choices.reading(answer.turn) ?? choices.reading(answer.action)
    case .react:
      let answer = ReactAnswer(TurnEnd.words(of: answer[...]))
      // A choice without a marker is an action, too: the answer contains nothing else.
      action = choices.reading(answer.action ?? (choices == nil ? nil : answer.turn))
    }
    guard let action, !action.isEmpty else { return .unparsable(response) }
    return .act(action)
  }

  /// Whether the text needs no cleaning: printing ASCII at both ends, and no character that could begin a special
  /// token.
  private static func isBare(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return (0x21..<0x7f) ~= first && (0x21..<0x7f) ~= last && !Thoughts.mayHold(text)
  }
}

extension [String]? {
  /// The action that the words state: one of the choices or, without choices, the words without decoration.
  fileprivate func reading(_ words: Substring?) -> String? {
    guard let words else { return nil }
    guard let choices = self else { return (Decoration.layers(of: words).last).map(String.init) }
    return ChoiceReader(choices).choice(in: words)
  }
}
