import Agents
import Constraints
import Foundation
import OpenWeights

/// Prompts to be answered by token-level Sequential Monte Carlo.
package struct GenerateRequest: Sendable {
  /// A text to answer or to continue.
  package struct Prompt: Sendable, Hashable {
    package let id: String
    package let text: String

    package init(id: String, text: String) { (self.id, self.text) = (id, text) }
  }

  package var prompts: [Prompt]
  /// Constraint, N and power.
  package var steering: AnswerSteering
  package var seed: Seed

  package init(_ prompts: [Prompt], steering: AnswerSteering, seed: UInt64 = 0) {
    (self.prompts, self.steering, self.seed) = (prompts, steering, Seed(seed))
  }

  /// Reads prompts from a file: one a line, or JSON lines with `prompt` and, if present, `id`. A line is JSON if it
  /// begins with a brace and is an object with the key `prompt`.
  package static func prompts(file: String) throws -> [Prompt] {
    guard let text = try TextFile.text(file) else { throw ConfigurationError("\(file) cannot be read.") }
    var found: [Prompt] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimmed
      guard !line.isEmpty else { continue }
      guard line.hasPrefix("{"), let value = JSONValue(parsing: String(line)) else {
        found.append(Prompt(id: String(number + 1), text: String(line)))
        continue
      }
      guard case .text(let prompt)? = value.value(at: "prompt") else {
        throw ConfigurationError("\(file), line \(number + 1): the object has no text under `prompt`.")
      }
      switch value.value(at: "id") {
      case .text(let id): found.append(Prompt(id: id, text: prompt))
      case .number(let id): found.append(Prompt(id: "\(id)", text: prompt))
      default: found.append(Prompt(id: String(number + 1), text: prompt))
      }
    }
    guard !found.isEmpty else { throw ConfigurationError("\(file) has no prompts.") }
    if let twice = found.map({ TaskID($0.id) }).firstRepeated {
      throw ConfigurationError("\(file) has the id \(twice) twice.")
    }
    return found
  }
}
