import Agents
import Foundation
import Policies

/// The prompt before a policy's first action, for display.
package enum WrittenPrompt {
  /// The body of a request to a server.
  case body(JSONValue)
  /// The text that a model in this process continues, special tokens included.
  case text(String)
  /// Nothing is sent, since answers are looked up.
  case transcript(Transcript)

  /// The body that a policy sends to a server.
  init(_ request: PolicyRequest, by writer: any RequestWriting) throws {
    self = .body(try JSONDecoder().decode(JSONValue.self, from: writer.body(for: request)))
  }

  /// The texts of the request under their roles, followed by the other keys.
  package var sections: [(title: String, text: String)] {
    switch self {
    case .text(let text): return [("prompt", text)]
    case .transcript(let transcript):
      return transcript.entries.compactMap { entry in
        switch entry {
        case .instructions(let text): ("instructions", text)
        case .prompt(let text): ("prompt", text)
        case .continuation: nil
        case .response(let text): ("response", text)
        }
      }
    case .body(let body):
      var rest = body.fields ?? [:]
      var sections: [(title: String, text: String)] = []
      for key in ["instructions", "system", "prompt"] {
        if let value = rest.removeValue(forKey: key) { sections.append((key, Self.words(value))) }
      }
      for key in ["messages", "input"] {
        guard let value = rest.removeValue(forKey: key) else { continue }
        sections += (value.items ?? [value]).map(Self.turn)
      }
      return sections + [("parameters", JSONValue.object(rest).readable)]
    }
  }

  /// The body in the form for a file.
  package var json: JSONValue {
    switch self {
    case .body(let body): body
    case .text, .transcript: .object(["prompt": .list(sections.map { .object([$0.title: .text($0.text)]) })])
    }
  }

  /// A turn with its role, its text and its other fields.
  private static func turn(_ message: JSONValue) -> (title: String, text: String) {
    guard var fields = message.fields else { return ("prompt", words(message)) }
    let role = fields.removeValue(forKey: "role")?.text ?? fields["type"]?.text ?? "turn"
    let content = fields.removeValue(forKey: "content").map(words)
    let others = fields.isEmpty ? nil : JSONValue.object(fields).readable
    return (role, [content, others].compactMap { $0 }.joined(separator: "\n"))
  }

  /// The text of a content, which may be one text or several blocks. Other blocks are shown as JSON.
  private static func words(_ content: JSONValue) -> String {
    guard let blocks = content.items else { return content.text ?? content.readable }
    return blocks.map { block in
      let isText = block["text"]?.text != nil && ["text", "input_text", "output_text"].contains(block["type"]?.text)
      return isText ? block["text"]?.text ?? "" : block.readable
    }.joined(separator: "\n")
  }
}

extension JSONValue {
  /// JSON on several lines with sorted keys.
  fileprivate var readable: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}
