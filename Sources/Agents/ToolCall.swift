import Foundation

/// One tool call as text in an answer: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, the form that open
/// models are trained on. Native calls are written in this form, too, so that an answer is always one text.
package struct ToolCall: Sendable, Hashable {
  package var name: String
  /// The values by parameter name. Numbers and Booleans are written as in JSON.
  package var arguments: [String: String]

  package init(name: String, arguments: [String: String]) {
    self.name = name
    self.arguments = arguments
  }

  private static let (opening, closing) = ("<tool_call>", "</tool_call>")

  /// The last call in an answer, and the text before it; nil if the answer has no readable call.
  package static func last(in text: String) -> (call: ToolCall, words: String)? {
    guard let start = text.range(of: opening, options: .backwards) else { return nil }
    let rest = text[start.upperBound...]
    let body = rest.range(of: closing).map { rest[..<$0.lowerBound] } ?? rest
    guard let call = ToolCall(json: String(body)) else { return nil }
    return (call, text[..<start.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// An answer that consists of text and this call.
  package func text(after words: String = "") -> String {
    (words.isEmpty ? "" : words + "\n") + Self.opening + json + Self.closing
  }

  /// `{"name": …, "arguments": …}`, with sorted keys.
  private var json: String { "{\"name\":\(Self.encoded(name)),\"arguments\":\(argumentsJSON)}" }

  /// The arguments as a JSON object, with sorted keys.
  package var argumentsJSON: String { Self.encoded(arguments) }

  private static func encoded(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  private init?(json: String) {
    guard let call = JSONValue(parsing: json), let name = call["name"]?.text else { return nil }
    // Llama 3 says `parameters`.
    guard let arguments = call["arguments"] ?? call["parameters"], arguments != .null else {
      self.init(name: name, arguments: [:])
      return
    }
    guard let texts = Arguments(arguments)?.texts else { return nil }
    self.init(name: name, arguments: texts)
  }

  /// Reads a call's arguments as servers send them: a JSON object, or a string that contains one.
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

/// The arguments of a call, with every value read as text, since models also send numbers and Booleans for text.
package struct Arguments: Decodable, Sendable {
  package let texts: [String: String]

  /// Nil if the value is not an object.
  init?(_ value: JSONValue) {
    // Some models send the object as a string.
    guard let fields = value.text.flatMap(JSONValue.init(parsing:))?.fields ?? value.fields else { return nil }
    texts = fields.compactMapValues { value in
      switch value {
      case .text(let text): text
      case .flag(let flag): String(flag)
      // Digits are kept as written, but whole numbers lose a fraction or exponent (2.0, 1e3).
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
