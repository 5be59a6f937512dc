/// How an action is written in a policy's answer.
public enum ActionFormat: String, CaseIterable, Sendable, Codable {
  /// The answer is the action.
  case plain
  /// "Thought: … Action: …": the action is what follows the last "Action:" (ReAct, arXiv 2210.03629).
  case react
  /// The model calls one of the world's actions as a tool (native function calling, or ``ToolCall``'s form in the text).
  case tools

  /// What the policy is told about the form of its answers, or nil where there is nothing to tell.
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

  /// What the policy is told of the world's actions: nothing unless it calls them as tools.
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
  /// Where the world offers choices, an answer that names none of them (white space, case and a final full stop aside)
  /// is unparsable, and one that does is given in the world's own spelling.
  ///
  /// - Parameter tools: what the policy was offered, for ``tools``.
  public func action(in response: String, choices: [String]?, tools: [ActionTool] = []) -> Action {
    if self == .tools {
      guard let (call, _) = ToolCall.last(in: response), let tool = tools.first(where: { $0.name == call.name }),
        let action = tool.action(call.arguments)
      else { return .unparsable(response) }
      return ActionFormat.plain.action(in: action, choices: choices)
    }
    // Most answers need nothing done: a choice letter by letter, or any words without white space around them.
    if self == .plain, choices?.contains(response) ?? Self.isTrimmed(response.utf8) { return .act(response) }
    var text = response[...]
    if self == .react {
      guard let marker = response.range(of: "Action:", options: .backwards) else { return .unparsable(response) }
      text = response[marker.upperBound...]
      // What follows on further lines is the model imagining the environment's answer.
      text = text.drop(while: \.isWhitespace).prefix { !$0.isNewline }
    }
    let action = String(text.trimmed)
    guard let choices else { return action.isEmpty ? .unparsable(response) : .act(action) }
    let wanted = Self.folded(action)
    guard let choice = choices.first(where: { Self.folded($0) == wanted }) else { return .unparsable(response) }
    return .act(choice)
  }

  private static func folded(_ text: String) -> String {
    let text = text.trimmed.lowercased()
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  /// Printing ASCII at both ends, so that there is nothing to take off.
  private static func isTrimmed(_ text: String.UTF8View) -> Bool {
    guard let first = text.first, let last = text.last else { return false }
    return (0x21..<0x7f) ~= first && (0x21..<0x7f) ~= last
  }
}
