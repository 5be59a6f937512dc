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

  /// Reads prompts from a file: one a line, or objects with `prompt` and, if present, `id`. In a file named `.jsonl` all
  /// lines have to be objects; elsewhere those are that begin with a brace and can be read as JSON.
  ///
  /// - Throws: `ConfigurationError` for a file without prompts, for objects without a text under `prompt`, and for lines
  ///   of a `.jsonl` that are not objects.
  package static func prompts(file: String) throws -> [Prompt] {
    guard let text = try TextFile.text(file) else { throw ConfigurationError("\(file) cannot be read.") }
    var found: [Prompt] = []
    let isJSON = file.lowercased().hasSuffix(".jsonl")
    // A carriage return and a line feed are one character.
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (number, line) in lines.enumerated() {
      let line = line.trimmed
      guard !line.isEmpty else { continue }
      guard line.hasPrefix("{"), let value = JSONValue(parsing: String(line)) else {
        if isJSON { throw ConfigurationError("\(file), line \(number + 1): the line is not a JSON object.") }
        found.append(Prompt(id: String(number + 1), text: String(line)))
        continue
      }
      guard case .text(let prompt)? = value.value(at: "prompt") else {
        throw ConfigurationError("\(file), line \(number + 1): the object has no text under `prompt`.")
      }
      switch value.value(at: "id") {
      case .text(let id): found.append(Prompt(id: id, text: prompt))
      case .number(let id): found.append(Prompt(id: id.text, text: prompt))
      default: found.append(Prompt(id: String(number + 1), text: prompt))
      }
    }
    guard !found.isEmpty else { throw ConfigurationError("\(file) has no prompts.") }
    return found
  }
}
