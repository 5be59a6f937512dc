import Agents
import Foundation

/// How requests are written and answers read.
package enum WireJSON {
  /// One for all calls: making it takes as long as using it.
  package static let encoder = JSONEncoder()

  /// A request's body.
  package static func body(_ request: some Encodable) throws(PolicyError) -> Data {
    do { return try encoder.encode(request) } catch {
      throw PolicyError(.badRequest, "The request could not be written as JSON: \(error)")
    }
  }

  /// Reads an answer as servers write it; nil where it is none of this type.
  package static func answer<T: Decodable>(_ type: T.Type, _ body: Data) -> T? {
    try? OutsideJSON.decode(type, from: body, nonFinite: true)
  }
}

/// As much of JSON Schema as choices and tools need: an object of texts.
package struct JSONSchema: Encodable {
  package struct Property: Encodable {
    package let type = "string"
    package var description: String?
    package var `enum`: [String]?
  }

  package let type = "object"
  package let properties: [String: Property]
  package let required: [String]
  package let additionalProperties = false

  /// `{"choice": …}`, one of the choices.
  package init(choices: [String]) {
    properties = ["choice": Property(enum: choices)]
    required = ["choice"]
  }

  /// The arguments of a tool.
  package init(_ tool: ActionTool) {
    properties = Dictionary(
      tool.parameters.map { ($0.name, Property(description: $0.description, enum: $0.choices)) },
      uniquingKeysWith: { first, _ in first })
    required = tool.parameters.map(\.name)
  }
}
