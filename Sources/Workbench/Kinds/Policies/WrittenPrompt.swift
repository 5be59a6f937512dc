import Agents
import Foundation
import Policies

/// What a policy is sent before its first action, for reading.
package enum WrittenPrompt {
  /// The body of a request to a server.
  case body(JSONValue)
  /// The text that a model in this process goes on from, its special tokens included.
  case text(String)
  /// Nothing is sent: answers are looked up.
  case transcript(Transcript)

  /// The body that a policy on a server sends.
  init(_ request: PolicyRequest, by writer: any RequestWriting) throws {
    self = .body(try JSONDecoder().decode(JSONValue.self, from: writer.body(for: request)))
  }

  /// The texts as they are sent, each under who speaks, and then the other keys of the request.
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

  /// Written to a file: the body as it is sent.
  package var json: JSONValue {
    switch self {
    case .body(let body): body
    case .text, .transcript: .object(["prompt": .list(sections.map { .object([$0.title: .text($0.text)]) })])
    }
  }

  /// A turn under its role, with what it has besides its text.
  private static func turn(_ message: JSONValue) -> (title: String, text: String) {
    guard var fields = message.fields else { return ("prompt", words(message)) }
    let role = fields.removeValue(forKey: "role")?.text ?? fields["type"]?.text ?? "turn"
    let content = fields.removeValue(forKey: "content").map(words)
    let others = fields.isEmpty ? nil : JSONValue.object(fields).readable
    return (role, [content, others].compactMap { $0 }.joined(separator: "\n"))
  }

  /// The text of a content: one, or several blocks of it; blocks of other kinds as JSON.
  private static func words(_ content: JSONValue) -> String {
    guard let blocks = content.items else { return content.text ?? content.readable }
    return blocks.map { block in
      let isText = block["text"]?.text != nil && ["text", "input_text", "output_text"].contains(block["type"]?.text)
      return isText ? block["text"]?.text ?? "" : block.readable
    }.joined(separator: "\n")
  }
}

extension JSONValue {
  /// On several lines, with keys in order.
  fileprivate var readable: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}
