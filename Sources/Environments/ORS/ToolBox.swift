import Agents
import WorldKit

/// The tools of an environment, and how an agent's text becomes a call of one.
struct ToolBox: Sendable {
  /// A call as the server takes it.
  struct Call: Sendable, Hashable {
    let name: String
    var input: [String: JSONValue] = [:]
  }

  /// Why a text is no call, as told to the agent.
  struct Misread: Error, Hashable {
    let reason: String
  }

  struct Tool: Sendable {
    let name: String
    let description: String
    /// JSON Schema of the input without titles; nil for a tool without input.
    let schema: JSONValue?
    /// In the order in which a call as lines states them: texts last, since they may have several lines.
    let properties: [ActionProperty]
    let required: Set<String>

    init(name: String, description: String, schema: JSONValue?) {
      self.name = name
      self.description = description
      self.schema = schema
      let definitions = schema?["$defs"]?.fields ?? schema?["definitions"]?.fields ?? [:]
      properties = (schema?["properties"]?.fields ?? [:]).map { name, part in
        ActionProperty(name, schema: part, definitions: definitions)
      }.sorted { ($0.kind == .text ? 1 : 0, $0.name) < ($1.kind == .text ? 1 : 0, $1.name) }
      required = Set((schema?["required"]?.items ?? []).compactMap(\.text))
    }
  }

  let tools: [Tool]
  /// The tool that takes an agent's message and ends the attempt; nil if there is none. It is one of `tools`, too.
  let terminal: Tool?
  /// The server's own description, for comparisons.
  let described: JSONValue

  /// Reads the answer of `/tools` or `/task_tools`; nil if it is none.
  init?(_ answer: JSONValue) {
    guard let listed = answer["tools"]?.items else { return nil }
    var tools = listed.compactMap { tool in
      tool["name"]?.text.map {
        Tool(
          name: $0, description: String((tool["description"]?.text ?? "").prefix(4_000)),
          schema: tool["input_schema"].flatMap { $0.fields == nil ? nil : $0.withoutTitles })
      }
    }
    var last: Tool?
    if let end = answer["terminal_tool"], let name = end["name"]?.text {
      let about = "\(end["description"]?.text ?? "") It ends the attempt.".trimmed
      let schema: JSONValue? = end["arg"]?.text.map {
        ["type": "object", "properties": .object([$0: ["type": "string"]]), "required": .list([.text($0)])]
      }
      last = Tool(name: name, description: String(about), schema: schema)
    }
    if let last { tools.append(last) }
    (self.tools, terminal) = (tools, last)
    described = .object(["tools": .list(listed), "terminal": answer["terminal_tool"] ?? .null])
  }

  /// Reads a call: a tool's name, and its input as a JSON object, as lines of `name: value`, or as the value of the
  /// only property that is needed. A text that names no tool is the agent's last message, where the environment has a
  /// tool for that.
  func call(_ text: String) throws(Misread) -> Call {
    let words = String(text.trimmed)
    if let json = JSONValue(parsing: words), let name = json["name"]?.text,
      let input = (json["input"] ?? json["arguments"])?.fields
    {
      return Call(name: try tool(name).name, input: input)
    }
    let name = words.prefix { !$0.isWhitespace && $0 != "{" }
    let rest = String(words[name.endIndex...].trimmed)
    if let terminal, !rest.hasPrefix("{"), !tools.contains(where: { $0.name == name }) {
      return Call(name: terminal.name, input: terminal.properties.first.map { [$0.name: .text(words)] } ?? [:])
    }
    let tool = try tool(String(name))
    if rest.isEmpty { return Call(name: tool.name) }
    if let input = JSONValue(parsing: rest)?.fields { return Call(name: tool.name, input: input) }
    return Call(name: tool.name, input: try tool.input(rest))
  }

  private func tool(_ name: String) throws(Misread) -> Tool {
    guard let tool = tools.first(where: { $0.name == name }) else {
      throw Misread(
        reason:
          "There is no tool \"\(name.clipped(to: 100))\"; the tools are \(tools.map(\.name).joined(separator: ", ")).")
    }
    return tool
  }
}

extension ToolBox.Tool {
  /// The input that lines state, or that is the value of the only property.
  fileprivate func input(_ words: String) throws(ToolBox.Misread) -> [String: JSONValue] {
    var found: [(property: ActionProperty, text: String)] = []
    var next = properties.startIndex
    for line in words.split(separator: "\n", omittingEmptySubsequences: false) {
      let place = properties[next...].firstIndex { line == "\($0.name):" || line.hasPrefix("\($0.name): ") }
      if let place {
        found.append((properties[place], String(line.dropFirst(properties[place].name.count + 2))))
        next = place + 1
      } else if let last = found.indices.last {
        found[last].text += "\n" + line
      } else {
        break
      }
    }
    let only =
      required.count == 1
      ? properties.first { required.contains($0.name) } : properties.count == 1 ? properties.first : nil
    if found.isEmpty, let only { found = [(only, words)] }
    guard !found.isEmpty else {
      throw ToolBox.Misread(reason: "\"\(words.clipped(to: 300))\" is no JSON object, which \(name) needs.")
    }
    var input: [String: JSONValue] = [:]
    for (property, text) in found where !text.isEmpty || required.contains(property.name) {
      guard let value = property.value(of: text) ?? (property.kind == .any ? .text(text) : nil) else {
        throw ToolBox.Misread(
          reason: "\"\(property.name)\" is \"\(text.clipped(to: 300))\" and has to be \(property.wanted).")
      }
      input[property.name] = value
    }
    return input
  }
}

// MARK: - What an agent is told

extension ToolBox {
  /// What a policy is told before the task.
  var instructions: String {
    """
    You act by calling tools, one call at a time. What a call gives back is what you see next. The tools:

    \(listing)

    Written as a text, \(form)
    """
  }

  /// The form of a call in a text.
  var form: String {
    let example = tools.first { !$0.required.isEmpty }.map { tool in
      let fields = tool.required.sorted().map { "\"\($0)\": …" }.joined(separator: ", ")
      return ", such as \(tool.name) {\(fields)}"
    }
    return "a call is the tool's name and its input as a JSON object on the same line\(example ?? "")."
  }

  /// A line for each tool.
  var listing: String {
    tools.map { tool in
      let input = tool.schema.map { "\n  Input (JSON Schema): \($0.json)" } ?? ""
      return "- \(tool.name)" + (tool.description.isEmpty ? "" : ": \(tool.description)") + input
    }.joined(separator: "\n")
  }

  /// The tools that `others` lacks, or has otherwise.
  func beyond(_ others: ToolBox) -> ToolBox? {
    let new = described["tools"]?.items?.filter { others.described["tools"]?.items?.contains($0) != true } ?? []
    return new.isEmpty ? nil : ToolBox(["tools": .list(new)])
  }

  /// The tools for policies that call tools. An optional property is a parameter that may be left empty, since every
  /// parameter is a required text. Tools with names that a template cannot hold are left out.
  var actionTools: [ActionTool] {
    tools.compactMap { tool in
      let names = [tool.name] + tool.properties.map(\.name)
      guard !names.contains(where: { $0.contains { "{}:\n".contains($0) } }) else { return nil }
      let parameters = tool.properties.map { property in
        let isRequired = tool.required.contains(property.name)
        var about = [property.description, property.kind == .text ? "" : "Has to be \(property.wanted)."]
        if !property.isScalar, let schema = tool.schema?["properties"]?[property.name] {
          about.append("As JSON, by the schema \(schema.json.clipped(to: 1_000)).")
        }
        if !isRequired { about.append("May be left empty.") }
        return ActionTool.Parameter(
          property.name, about.filter { !$0.isEmpty }.joined(separator: " "),
          choices: isRequired ? property.choices?.map(\.shown) : nil)
      }
      return ActionTool(
        tool.name, tool.description.isEmpty ? "Calls \(tool.name)." : tool.description, parameters: parameters,
        template: ([tool.name] + tool.properties.map { "\($0.name): {\($0.name)}" }).joined(separator: "\n"))
    }
  }

  /// The tool that calls those that a task adds.
  static let caller = ActionTool(
    "call_tool", "Calls one of the tools that the task's first message adds.",
    parameters: [.init("tool", "The tool's name."), .init("input", "Its input, as a JSON object.")],
    template: "{tool} {input}")
}

extension JSONValue {
  /// A schema without the titles that only repeat names.
  fileprivate var withoutTitles: JSONValue {
    switch self {
    case .object(let fields):
      .object(fields.filter { $0.key != "title" || $0.value.text == nil }.mapValues(\.withoutTitles))
    case .list(let items): .list(items.map(\.withoutTitles))
    default: self
    }
  }
}
