import Agents

/// Calls of offered tools with arguments that fit their schemas, for random walks.
enum ToolSample {
  /// A call of one of the question's tools as a model without a form of its own writes it; nil if it offers none.
  static func action(
    for question: ModelQuestion, using generator: inout some RandomNumberGenerator
  ) -> Action? {
    let functions = (question.body["tools"]?.items ?? []).compactMap { $0["function"] }
    guard let function = functions.randomElement(using: &generator), let name = function["name"]?.text else {
      return nil
    }
    let arguments = value(of: function["parameters"] ?? [:], depth: 0, using: &generator)
    let call: OrderedJSON = ["name": .text(name), "arguments": arguments.members == nil ? [:] : arguments]
    return .act("<tool_call>\(call.json)</tool_call>")
  }

  /// A value that a JSON Schema admits, as far as its types, choices and lower bounds say. Deep schemas end in `null`.
  private static func value(
    of schema: OrderedJSON, depth: Int, using generator: inout some RandomNumberGenerator
  ) -> OrderedJSON {
    guard depth < 6 else { return .null }
    if let constant = schema["const"] { return constant }
    if let choice = schema["enum"]?.items?.randomElement(using: &generator) { return choice }
    for key in ["anyOf", "oneOf"] {
      if let choice = schema[key]?.items?.first { return value(of: choice, depth: depth + 1, using: &generator) }
    }
    switch schema["type"]?.text ?? schema["type"]?.items?.first?.text {
    case "string": return "text"
    case "integer": return .integer(max(schema["minimum"]?.integer ?? 0, Int.random(in: 0...3, using: &generator)))
    case "number": return .number(max(schema["minimum"]?.double ?? 0, 0.5))
    case "boolean": return .flag(Bool.random(using: &generator))
    case "array":
      let item = value(of: schema["items"] ?? [:], depth: depth + 1, using: &generator)
      return .list(Array(repeating: item, count: max(schema["minItems"]?.integer ?? 1, 1)))
    case "null": return .null
    default:
      var object: [OrderedJSON.Member] = []
      for member in schema["properties"]?.members ?? [] {
        object.append(.init(member.key, value(of: member.value, depth: depth + 1, using: &generator)))
      }
      return .object(object)
    }
  }
}
