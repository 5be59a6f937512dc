import Agents

extension Readable {
  /// The words and the tool calls of an answer that is one text, as models write it that have no other form.
  package static func parts(of text: String) -> (words: String, calls: [(name: String, arguments: String)]) {
    let (opening, closing) = ("<tool_call>", "</tool_call>")
    var words = ""
    var calls: [(name: String, arguments: String)] = []
    var rest = text[...]
    while let start = rest.firstRange(of: opening) {
      let body = rest[start.upperBound...]
      let end = body.firstRange(of: closing)
      let inner = end.map { body[..<$0.lowerBound] } ?? body
      guard let call = call(String(inner)) else {
        words += rest[..<start.upperBound]
        rest = body
        continue
      }
      words += rest[..<start.lowerBound]
      calls.append(call)
      rest = end.map { body[$0.upperBound...] } ?? body[body.endIndex...]
    }
    words += rest
    return (calls.isEmpty ? text : String(words.trimmed), calls)
  }

  /// The call that JSON stands for: `{"name": …, "arguments": …}`. Llama 3 says `parameters`.
  package static func call(_ json: String) -> (name: String, arguments: String)? {
    guard let json = OrderedJSON(parsing: json), let name = json["name"]?.text else { return nil }
    let arguments = json["arguments"] ?? json["parameters"]
    return (name, arguments?.text ?? arguments?.json ?? "{}")
  }

  /// One turn as text, and whether the model wrote it.
  package static func turn(_ turn: ConversationTurn) -> (isAnswer: Bool, text: String) {
    switch turn {
    case .assistant(let parts): (true, text(of: parts))
    case .user(let parts): (false, text(of: parts))
    case .result(let result): (false, text(of: result.parts))
    case .instructions(let text): (false, text)
    }
  }

  private static func text(of parts: [ContentPart]) -> String {
    parts.map { part in
      if case .text(let text) = part { text } else { "[\(part.noun)]" }
    }.joined(separator: "\n")
  }
}
