import Agents
import WorldKit

/// Converts an agent's text to the action object of an OpenEnv server.
///
/// If an action needs only one property, the text is its value. Otherwise the text is a JSON object or lines of `name:
/// value`, the form of a tool call.
struct ActionForm: Sendable {
  /// Why a text is not an action, as told to the agent.
  struct Misread: Error, Hashable {
    let reason: String
  }

  private enum Shape {
    case value(ActionProperty)
    case object
  }

  private let shape: Shape
  private let properties: [ActionProperty]
  private let required: [ActionProperty]
  private let fixed: [String: JSONValue]
  private let isClosed: Bool
  private let about: String

  /// - Parameters:
  ///   - schema: the action's schema, from `/schema`.
  ///   - field: the property that the text fills; nil to choose it by the schema.
  ///   - fixed: properties that are the same in every action.
  /// - Throws: `misconfigured` if the schema has no such property.
  init(schema: JSONValue, field: String?, fixed: [String: JSONValue]) throws(WorldError) {
    let definitions = (schema["$defs"] ?? schema["definitions"])?.fields ?? [:]
    var all: [String: ActionProperty] = [:]
    for (name, part) in schema["properties"]?.fields ?? [:] {
      all[name] = ActionProperty(name, schema: part, definitions: definitions)
    }
    isClosed = schema["additionalProperties"] == .flag(false)
    if isClosed, let stray = fixed.keys.sorted().first(where: { all[$0] == nil }) {
      throw Self.unknown(stray, "action", all)
    }
    // Every action has `metadata`, which is reserved for the client.
    properties = all.values.filter { $0.name != "metadata" && fixed[$0.name] == nil }.sorted { $0.name < $1.name }
    let names = (schema["required"]?.items ?? []).compactMap(\.text)
    required = names.compactMap { all[$0] }.filter { fixed[$0.name] == nil }
    self.fixed = fixed
    about = (schema["description"]?.text ?? "").clipped(to: 300)
    if let field {
      guard let property = all[field] else { throw Self.unknown(field, "actionField", all) }
      shape = .value(property)
    } else if let only = required.count == 1 ? required.first : properties.count == 1 ? properties.first : nil,
      only.isScalar
    {
      shape = .value(only)
    } else {
      shape = .object
    }
  }

  /// The action as the server expects it.
  func fields(for action: Action) throws(Misread) -> [String: JSONValue] {
    guard case .act(let words) = action else { throw Misread(reason: "No action was found in the answer.") }
    switch shape {
    case .value(let property):
      guard let value = property.value(of: words) else {
        throw Misread(reason: "\"\(words.clipped(to: 300))\" is not \(property.wanted).")
      }
      return fixed.merging([property.name: value]) { _, new in new }
    case .object:
      let fields: [String: JSONValue]
      if let object = JSONValue(parsing: words)?.fields { fields = object } else { fields = try lines(words) }
      try check(fields)
      return fields.merging(fixed) { _, fixed in fixed }
    }
  }

  private func check(_ fields: [String: JSONValue]) throws(Misread) {
    for property in required where fields[property.name] == nil {
      throw Misread(reason: "\"\(property.name)\" is missing.")
    }
    for property in properties {
      guard let value = fields[property.name], !property.admits(value) else { continue }
      throw Misread(reason: "\"\(property.name)\" is \(value.json.clipped(to: 300)) and has to be \(property.wanted).")
    }
    let known = Set(properties.map(\.name))
    if isClosed, let stray = fields.keys.sorted().first(where: { !known.contains($0) }) {
      throw Misread(reason: "There is no \"\(stray.clipped(to: 300))\".")
    }
  }

  /// Reads lines of `name: value`. A line without a property's name continues the previous one.
  private func lines(_ words: String) throws(Misread) -> [String: JSONValue] {
    var found: [(property: ActionProperty, text: String)] = []
    for line in words.split(separator: "\n", omittingEmptySubsequences: false) {
      if let property = properties.first(where: { line.hasPrefix("\($0.name): ") }) {
        found.append((property, String(line.dropFirst(property.name.count + 2))))
      } else if let last = found.indices.last {
        found[last].text += "\n" + line
      } else {
        throw Misread(reason: "\"\(words.clipped(to: 300))\" is no JSON object.")
      }
    }
    var fields: [String: JSONValue] = [:]
    for (property, text) in found {
      guard let value = property.value(of: text) else {
        throw Misread(reason: "\"\(property.name)\" is \"\(text.clipped(to: 300))\" and has to be \(property.wanted).")
      }
      fields[property.name] = value
    }
    return fields
  }

  private static func unknown(_ name: String, _ key: String, _ all: [String: ActionProperty]) -> WorldError {
    WorldError(
      .misconfigured,
      "environment.\(key) names \"\(name)\"; the server's actions have \(all.keys.sorted().joined(separator: ", ").clipped(to: 300))."
    )
  }
}

// MARK: - What an agent is told

extension ActionForm {
  /// The admissible actions, if an action has one property with listed values.
  var choices: [String]? {
    guard case .value(let property) = shape else { return nil }
    return property.choices?.map(\.shown)
  }

  /// A description of the expected action.
  var hint: String {
    switch shape {
    case .value(let property):
      let meaning = property.description.isEmpty ? "" : " (\(property.description))"
      return "An action is \(property.wanted): \(property.name)\(meaning)."
    case .object:
      let names = Set(required.map(\.name))
      let parts = properties.map { property in
        let meaning = property.description.isEmpty ? "" : " (\(property.description))"
        return
          "\"\(property.name)\": \(property.wanted)\(names.contains(property.name) ? "" : ", may be left out")\(meaning)"
      }
      return "An action is a JSON object on one line. " + (parts.isEmpty ? "" : parts.joined(separator: "; ") + ".")
    }
  }

  /// One tool with the required properties as parameters; nil if they are not all scalars.
  var tools: [ActionTool]? {
    let parts: [ActionProperty]
    switch shape {
    case .value(let property): parts = [property]
    case .object: parts = required
    }
    let isPlain = parts.allSatisfy { $0.isScalar && !$0.name.contains(where: { "{}:\n".contains($0) }) }
    guard !parts.isEmpty, isPlain else { return nil }
    let parameters = parts.map { property in
      ActionTool.Parameter(
        property.name, property.description.isEmpty ? "Has to be \(property.wanted)." : property.description,
        choices: property.choices?.map(\.shown))
    }
    let template: String
    switch shape {
    case .value(let property): template = "{\(property.name)}"
    case .object: template = parts.map { "\($0.name): {\($0.name)}" }.joined(separator: "\n")
    }
    return [
      ActionTool("act", about.isEmpty ? "Takes one action." : about, parameters: parameters, template: template)
    ]
  }
}
