import Agents
import Foundation

/// How requests are written and answers read.
enum WireJSON {
  /// One for all calls: making it takes as long as using it.
  static let encoder = JSONEncoder()

  /// A request's body.
  static func body(_ request: some Encodable) throws(PolicyError) -> Data {
    do { return try encoder.encode(request) } catch {
      throw PolicyError(.badRequest, "The request could not be written as JSON: \(error)")
    }
  }

  /// Reads an answer as servers write it; nil where it is none of this type.
  static func answer<T: Decodable>(_ type: T.Type, _ body: Data) -> T? {
    try? OutsideJSON.decode(type, from: body, nonFinite: true)
  }
}

/// As much of JSON Schema as choices and tools need: an object of texts.
struct JSONSchema: Encodable {
  struct Property: Encodable {
    let type = "string"
    var description: String?
    var `enum`: [String]?
  }

  let type = "object"
  let properties: [String: Property]
  let required: [String]
  let additionalProperties = false

  /// `{"choice": …}`, one of the choices.
  init(choices: [String]) {
    properties = ["choice": Property(enum: choices)]
    required = ["choice"]
  }

  /// The arguments of a tool.
  init(_ tool: ActionTool) {
    properties = Dictionary(
      tool.parameters.map { ($0.name, Property(description: $0.description, enum: $0.choices)) },
      uniquingKeysWith: { first, _ in first })
    required = tool.parameters.map(\.name)
  }
}
