import Agents
import Foundation

/// How answers are restricted to the admissible actions.
public enum ChoiceConstraint: String, CaseIterable, Sendable, Codable {
  /// A JSON schema on chat endpoints, unless the server refuses it; else validation.
  case auto
  /// A GBNF grammar, as llama.cpp's server takes it.
  case grammar
  /// `response_format` with a JSON schema whose one property is the choice.
  case schema
  /// Nothing is sent; an answer that is not a choice is an invalid action.
  case validate

  /// A grammar whose language is the choices, each after `prefix`.
  static func grammar(for choices: [String], prefix: String) -> String {
    "root ::= " + choices.map { quoted(prefix + $0) }.joined(separator: " | ")
  }

  /// A GBNF string literal.
  private static func quoted(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case "\n": literal += "\\n"
      case "\r": literal += "\\r"
      case "\t": literal += "\\t"
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }

  /// Reads the choice from an answer in the schema's form. Any other answer is returned as it is.
  static func choice(in answer: String) -> String {
    struct Answer: Decodable { let choice: String }
    return (try? OutsideJSON.decode(Answer.self, from: answer))?.choice ?? answer
  }
}
