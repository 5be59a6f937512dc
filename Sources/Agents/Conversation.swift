/// A transcript as turns, the same for every chat API: tool calls are separate from text and have ids, and no turn is
/// blank.
package struct Conversation: Sendable {
  package enum Turn: Sendable {
    /// The instructions. The only turn that may be blank.
    case instructions(String)
    case prompt(String)
    case response(String)
    case call(Call)
    /// The world's observation after the preceding call.
    case result(String, id: String)
  }

  /// A response that calls one of the tools.
  package struct Call: Sendable {
    package let id: String
    package let call: ToolCall
    /// The text before the call; may be empty.
    package let words: String
    /// Data that the server returned with the call; see ``PolicyResponse/continuation``.
    package let continuation: String?
  }

  package let turns: [Turn]

  /// Replaces a blank response, since servers reject blank turns.
  static let noAnswer = "(no answer)"
  /// Replaces a blank observation.
  static let nothing = "(nothing)"

  /// - Parameter tools: the tools offered. A call of any other tool remains text, since servers reject unknown names.
  package init(_ transcript: Transcript, tools: [ActionTool]) {
    var turns: [Turn] = []
    turns.reserveCapacity(transcript.entries.count)
    var called: String?
    var continuation: String?
    for (place, entry) in transcript.entries.enumerated() {
      switch entry {
      case .instructions(let text): turns.append(.instructions(text))
      case .prompt(let text):
        let said = Self.isBlank(text) ? Self.nothing : text
        turns.append(called.map { .result(said, id: $0) } ?? .prompt(said))
        called = nil
      case .continuation(let text): continuation = text
      case .response(let text):
        defer { continuation = nil }
        guard let (call, words) = ToolCall.last(in: text), tools.contains(where: { $0.name == call.name }) else {
          turns.append(.response(Self.isBlank(text) ? Self.noAnswer : text))
          continue
        }
        let id = Self.id(place)
        called = id
        turns.append(.call(Call(id: id, call: call, words: words, continuation: continuation)))
      }
    }
    self.turns = turns
  }

  /// Whether any call has data to send back.
  package var hasContinuations: Bool {
    turns.contains { if case .call(let call) = $0 { call.continuation != nil } else { false } }
  }

  /// Nine letters and digits: the format that Mistral requires and every other server accepts.
  private static func id(_ place: Int) -> String {
    let digits = String(place % 100_000)
    return "call" + String(repeating: "0", count: 5 - digits.count) + digits
  }

  private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
