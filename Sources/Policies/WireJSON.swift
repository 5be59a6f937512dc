import Agents
import Foundation

/// One encoder and one decoder for all calls: making them takes as long as using them.
enum WireJSON {
  static let encoder = JSONEncoder()
  static let decoder = JSONDecoder()
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
