/// The prompt of a policy: instructions, then prompts and responses in turn, ending with a prompt.
///
/// A chat endpoint receives the entries as turns; a text endpoint receives them joined (see ``joined()``). A worked
/// example is a prompt and a response like any other.
public struct Transcript: Sendable, Hashable, Codable {
  /// One part of a transcript.
  public enum Entry: Sendable, Hashable, Codable {
    /// Text before the task; the system message of a chat endpoint.
    case instructions(String)
    /// What the agent reads: an observation, or the prompt of a worked example. A user message.
    case prompt(String)
    /// Data that the policy returned beside the response that follows, meant for the policy alone; see
    /// ``PolicyResponse/continuation``.
    case continuation(String)
    /// The policy's earlier answer, or that of a worked example. An assistant message.
    case response(String)
  }

  /// The entries in order.
  public var entries: [Entry]

  /// A transcript of the given entries; the last one has to be a prompt when a policy is asked.
  public init(entries: [Entry] = []) {
    self.entries = entries
  }

  /// The instructions and the whole history of a trajectory.
  public init(instructions: String, history: Trajectory) {
    entries = [.instructions(instructions), .prompt(history.opening.text)]
    for step in history.steps {
      entries += step.answer
      entries.append(.prompt(step.outcome.observation.text))
    }
  }

  /// The transcript as one text that a completion continues with a space and the response.
  ///
  /// Instructions stand apart by an empty line; each exchange is `prompt response` on a line of its own.
  public func joined() -> String {
    var text = ""
    for entry in entries {
      switch entry {
      case .instructions(let instructions): text += instructions + "\n\n"
      case .prompt(let prompt): text += prompt
      case .continuation: break
      case .response(let response): text += " " + response + "\n"
      }
    }
    return text
  }
}
