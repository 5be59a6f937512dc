import Agents
import Foundation

/// Encoding of requests and decoding of answers.
package enum WireJSON {
  /// Shared by all calls: creating an encoder takes as long as using it.
  package static let encoder = JSONEncoder()

  /// A request's body.
  package static func body(_ request: some Encodable) throws(PolicyError) -> Data {
    do { return try encoder.encode(request) } catch {
      throw PolicyError(.badRequest, "The request could not be written as JSON: \(error)")
    }
  }

  /// Decodes an answer leniently; nil if it does not have this type.
  package static func answer<T: Decodable>(_ type: T.Type, _ body: Data) -> T? {
    try? OutsideJSON.decode(type, from: body, nonFinite: true)
  }
}

/// The part of JSON Schema that choices and tools need: an object of strings.
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

  /// The schema of `{"choice": …}`, restricted to the choices.
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
