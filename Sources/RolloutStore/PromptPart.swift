import Agents
import Foundation

/// One part of a prompt as it was sent.
public struct PromptPart: Sendable, Hashable, Codable {
  /// What a part is.
  public enum Role: String, Sendable, Hashable, Codable {
    /// Text before the task; the system message of a chat endpoint.
    case instructions
    /// What the agent read: an observation, or the prompt of a worked example.
    case prompt
    /// An earlier answer of the policy, or that of a worked example.
    case response
    /// The actions that were offered as tools, as JSON.
    case tools
    /// The actions to which the answer was restricted, as a JSON list of texts.
    case choices
  }

  /// What the part is.
  public var role: Role
  /// Its text; JSON for tools and choices.
  public var text: String

  /// A part of a prompt.
  public init(_ role: Role, _ text: String) { (self.role, self.text) = (role, text) }
}

extension PolicyRequest {
  /// What is stored of the prompt. Nil for a question of an agent's own program, which is stored as the program asked it.
  package var promptParts: [PromptPart]? {
    guard question == nil else { return nil }
    var parts: [PromptPart] = []
    for entry in transcript.entries {
      switch entry {
      case .instructions(let text): parts.append(PromptPart(.instructions, text))
      case .prompt(let text): parts.append(PromptPart(.prompt, text))
      case .response(let text): parts.append(PromptPart(.response, text))
      // In the form of the policy's server, and stored beside the answer that it belongs to.
      case .continuation: break
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    func json(_ value: some Encodable) -> String? {
      (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }
    if !tools.isEmpty, let text = json(tools) { parts.append(PromptPart(.tools, text)) }
    if let choices, let text = json(choices) { parts.append(PromptPart(.choices, text)) }
    return parts
  }
}
