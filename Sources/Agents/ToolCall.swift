import Foundation

/// One call of a tool as it stands in an answer's text: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, the form that
/// open models are trained on. Native calls are written in it too, so that an answer is one text whoever gave it.
package struct ToolCall: Sendable, Hashable {
  package var name: String
  /// By parameter. Numbers and truth values are given as JSON writes them.
  package var arguments: [String: String]

  package init(name: String, arguments: [String: String]) {
    self.name = name
    self.arguments = arguments
  }

  private static let (opening, closing) = ("<tool_call>", "</tool_call>")

  /// The last call in an answer, and the words before it; nil where there is none that can be read.
  package static func last(in text: String) -> (call: ToolCall, words: String)? {
    guard let start = text.range(of: opening, options: .backwards) else { return nil }
    let rest = text[start.upperBound...]
    let body = rest.range(of: closing).map { rest[..<$0.lowerBound] } ?? rest
    guard let call = ToolCall(json: String(body)) else { return nil }
    return (call, text[..<start.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// An answer of some words and a call.
  package func text(after words: String = "") -> String {
    (words.isEmpty ? "" : words + "\n") + Self.opening + json + Self.closing
  }

  /// `{"name": …, "arguments": …}`, with keys in order.
  private var json: String { "{\"name\":\(Self.encoded(name)),\"arguments\":\(argumentsJSON)}" }

  /// The arguments as a JSON object, with keys in order.
  package var argumentsJSON: String { Self.encoded(arguments) }

  private static func encoded(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  private init?(json: String) {
    guard let call = JSONValue(parsing: json), let name = call["name"]?.text else { return nil }
    guard let arguments = call["arguments"], arguments != .null else {
      self.init(name: name, arguments: [:])
      return
    }
    guard let texts = Arguments(arguments)?.texts else { return nil }
    self.init(name: name, arguments: texts)
  }

  /// Reads a call's arguments as servers give them: an object, or its JSON as a text.
  package init?(name: String, argumentsJSON: String) {
    let text = argumentsJSON.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else {
      self.init(name: name, arguments: [:])
      return
    }
    guard let arguments = JSONValue(parsing: text).flatMap(Arguments.init) else { return nil }
    self.init(name: name, arguments: arguments.texts)
  }
}

/// A JSON object whose values are read as texts: whatever a model puts where a text belongs.
package struct Arguments: Decodable, Sendable {
  package let texts: [String: String]

  /// Nil for what is no object.
  init?(_ value: JSONValue) {
    // Some models write the object as a text.
    guard let fields = value.text.flatMap(JSONValue.init(parsing:))?.fields ?? value.fields else { return nil }
    texts = fields.compactMapValues { value in
      switch value {
      case .text(let text): text
      case .flag(let flag): String(flag)
      // As it is written; whole numbers that are written otherwise (2.0, 1e3) without fraction and exponent.
      case .number(let number): number.integer.map(String.init) ?? number.text
      case .null, .list, .object: nil
      }
    }
  }

  package init(from decoder: any Decoder) throws {
    guard let arguments = Arguments(try JSONValue(from: decoder)) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a call's arguments are an object"))
    }
    self = arguments
  }
}
