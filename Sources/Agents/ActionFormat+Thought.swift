extension ActionFormat {
  /// What an answer says besides its action, or nil where it says nothing else.
  ///
  /// - Parameter action: what was read from the answer; of one that no action could be read from, all is a thought.
  public func thought(in response: String, action: Action) -> String? {
    guard action.isParsed else { return nil }
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
