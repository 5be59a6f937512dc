import Agents

/// What critics and readers see of an answer.
package enum Readable {
  /// The text of an answer, then a line for every tool call: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`
  /// with sorted keys. Thoughts and ids are left out. A refusal is text.
  ///
  /// An answer that cannot be read is empty.
  package static func answer(_ json: OrderedJSON, _ dialect: ModelDialect) -> String {
    guard let answer = try? NeutralAnswer(json, dialect) else { return "" }
    return text(of: answer.parts)
  }

  /// The text of parts of an answer.
  static func text(of parts: [AnswerPart]) -> String {
    var texts: [String] = []
    var calls: [String] = []
    for part in parts {
      switch part {
      case .text(let text), .refusal(let text): if !text.isEmpty { texts.append(text) }
      case .call(let call): calls.append(call.readable)
      case .reasoning: break
      }
    }
    return (texts + calls).joined(separator: "\n")
  }
}

extension CalledTool {
  /// The call as open models are trained on it. Arguments that are not JSON are written as a string.
  var readable: String {
    var json = "{\"name\":"
    json.appendJSON(name)
    json += ",\"arguments\":"
    if arguments.trimmed.isEmpty {
      json += "{}"
    } else if let value = OrderedJSON(parsing: arguments) {
      json += value.sorted.json
    } else {
      json.appendJSON(arguments)
    }
    return "<tool_call>" + json + "}</tool_call>"
  }
}
