/// What a policy is shown: instructions, then prompts and responses in turn, the last of them a prompt.
///
/// A chat endpoint receives the entries as turns; a text endpoint receives them joined (see ``joined()``). Worked
/// examples are pairs of a prompt and a response like any other.
public struct Transcript: Sendable, Hashable, Codable {
  public enum Entry: Sendable, Hashable, Codable {
    case instructions(String)
    case prompt(String)
    /// What the policy gave besides the response that follows, for itself alone; see ``PolicyResponse/continuation``.
    case continuation(String)
    case response(String)
  }

  public var entries: [Entry]

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
