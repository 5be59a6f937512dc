import Foundation

extension ActionFormat {
  /// What an answer says besides its action, or nil where it says nothing else.
  ///
  /// - Parameter action: what was read from the answer; of one that no action could be read from, all is a thought.
  public func thought(in response: String, action: Action) -> String? {
    let words: Substring
    switch (action, self) {
    case (.unparsable, _), (_, .plain): return nil
    case (.act, .react):
      guard let marker = response.range(of: "Action:", options: .backwards) else { return nil }
      let start = response[..<marker.lowerBound].drop(while: \.isWhitespace)
      words = start.hasPrefix("Thought:") ? start.dropFirst("Thought:".count) : start
    case (.act, .tools): words = ToolCall.last(in: response)?.words[...] ?? ""
    }
    let text = words.trimmed
    return text.isEmpty ? nil : String(text)
  }
}
