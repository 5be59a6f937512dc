import Agents

/// A transcript as turns, the same for every chat API: calls of tools stand apart from words and have ids, and no turn is blank.
struct Conversation {
  enum Turn {
    /// What the model is told. The only turn that may be blank.
    case instructions(String)
    case prompt(String)
    case response(String)
    case call(Call)
    /// What the world said to the call before it.
    case result(String, id: String)
  }

  /// A response that calls one of the tools.
  struct Call {
    let id: String
    let call: ToolCall
    /// What was said before the call; may be empty.
    let words: String
    /// What the server gave with it; see ``PolicyResponse/continuation``.
    let continuation: String?
  }

  let turns: [Turn]

  /// Stands for a response without a word. Servers refuse blank turns.
  static let noAnswer = "(no answer)"
  /// Stands for an observation without a word.
  static let nothing = "(nothing)"

  /// - Parameter tools: those that are offered. A call of anything else stays the text it is: servers refuse names they do not know.
  init(_ transcript: Transcript, tools: [ActionTool]) {
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

  /// Whether a server may want something back with one of the calls.
  var hasContinuations: Bool {
    turns.contains { if case .call(let call) = $0 { call.continuation != nil } else { false } }
  }

  /// Nine letters and digits, which is what Mistral takes and nobody refuses.
  private static func id(_ place: Int) -> String {
    let digits = String(place % 100_000)
    return "call" + String(repeating: "0", count: 5 - digits.count) + digits
  }

  private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
