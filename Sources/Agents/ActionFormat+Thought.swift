extension ActionFormat {
  /// The text of an answer besides its action; nil if there is none.
  ///
  /// - Parameter action: the action read from the answer. If it is unparsable, the whole answer is returned.
  public func thought(in response: String, action: Action) -> String? {
    // An agent's own program gets the whole answer.
    guard action.isParsed, action.text != response else { return nil }
    let parts = Thoughts(in: response)
    let words: Substring
    switch self {
    case .plain: words = ""
    case .react: words = ReactAnswer(TurnEnd.words(of: parts.answer[...])).thought
    case .tools: words = ToolCall.last(in: parts.answer)?.words[...] ?? ""
    }
    let all = [parts.thoughts ?? "", String(words.trimmed)].filter { !$0.isEmpty }
    return all.isEmpty ? nil : all.joined(separator: "\n")
  }
}
