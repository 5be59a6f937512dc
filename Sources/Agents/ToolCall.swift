import Foundation

/// One call of a tool as it stands in an answer's text: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, the form that
/// open models are trained on. Native calls are written in it too, so that an answer is one text whoever gave it.
public struct ToolCall: Sendable, Hashable {
  public var name: String
  /// By parameter. Numbers and truth values are given as JSON writes them.
  public var arguments: [String: String]

  public init(name: String, arguments: [String: String]) {
    self.name = name
    self.arguments = arguments
  }

  private static let (opening, closing) = ("<tool_call>", "</tool_call>")

  /// The last call in an answer, and the words before it; nil where there is none that can be read.
  public static func last(in text: String) -> (call: ToolCall, words: String)? {
    guard let start = text.range(of: opening, options: .backwards) else { return nil }
    let rest = text[start.upperBound...]
    let body = rest.range(of: closing).map { rest[..<$0.lowerBound] } ?? rest
    guard let call = ToolCall(json: String(body)) else { return nil }
    return (call, text[..<start.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// An answer of some words and a call.
  public func text(after words: String = "") -> String {
    (words.isEmpty ? "" : words + "\n") + Self.opening + json + Self.closing
  }

  /// `{"name": …, "arguments": …}`, with keys in order.
  private var json: String { "{\"name\":\(Self.encoded(name)),\"arguments\":\(argumentsJSON)}" }

  /// The arguments as a JSON object, with keys in order.
  public var argumentsJSON: String { Self.encoded(arguments) }

  private static func encoded(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  private init?(json: String) {
    struct Wire: Decodable {
      let name: String
      let arguments: Arguments?
    }
    guard let wire = try? OutsideJSON.decode(Wire.self, from: json) else { return nil }
    self.init(name: wire.name, arguments: wire.arguments?.texts ?? [:])
  }

  /// Reads a call's arguments as servers give them: an object, or its JSON as a text.
  public init?(name: String, argumentsJSON: String) {
    let text = argumentsJSON.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else {
      self.init(name: name, arguments: [:])
      return
    }
    guard let arguments = try? OutsideJSON.decode(Arguments.self, from: text) else { return nil }
    self.init(name: name, arguments: arguments.texts)
  }
}

/// A JSON object whose values are read as texts: whatever a model puts where a text belongs.
public struct Arguments: Decodable, Sendable {
  public let texts: [String: String]

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Some models write the object as a text.
    if let text = try? container.decode(String.self) {
      texts = try OutsideJSON.decode(Arguments.self, from: text).texts
    } else {
      texts = try container.decode([String: Value].self).compactMapValues(\.text)
    }
  }

  private struct Value: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(String.self) {
        text = value
      } else if let value = try? container.decode(Bool.self) {
        text = String(value)
      } else if let value = try? container.decode(Int.self) {
        text = String(value)
      } else if let value = try? container.decode(Double.self) {
        text = value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
      } else {
        text = nil
      }
    }
  }
}
