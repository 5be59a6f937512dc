import Agents
import Constraints
import Dialects
import ModelFiles

/// The tools that a request offers to the model, and how an answer may call them.
struct OfferedTools: Sendable, Hashable {
  /// Each as chat templates take it: `{type: function, function: {name, description, parameters}}`.
  private(set) var functions: [OrderedJSON] = []
  /// The only tool that may be called; nil for all.
  private var only: String?
  /// Whether an answer has to call a tool.
  private(set) var mustCall = false
  /// The most calls of one answer.
  private var most = 1

  /// No tools.
  init() {}

  /// The actions of a world. Every answer is one of them.
  init(_ tools: [ActionTool]) {
    functions = tools.map { tool in
      let properties = tool.parameters.map { parameter in
        var schema: OrderedJSON = ["type": "string", "description": .text(parameter.description)]
        schema.set("enum", ifGiven: parameter.choices.map { .list($0.map(OrderedJSON.text)) })
        return OrderedJSON.Member(parameter.name, schema)
      }
      return Self.function(
        tool.name, tool.description,
        [
          "type": "object", "properties": .object(properties),
          "required": .list(tool.parameters.map { .text($0.name) }),
        ])
    }
    mustCall = !tools.isEmpty
  }

  /// What an agent's own program offers.
  init(_ request: NeutralRequest) {
    if request.toolChoice == NeutralRequest.ToolChoice.none { return }
    functions = request.tools.map { Self.function($0.name, $0.description, $0.schema) }
    if case .named(let name) = request.toolChoice { only = name }
    mustCall = only != nil || request.toolChoice == .required
    most = request.parallelToolCalls == false ? 1 : .max
  }

  private static func function(_ name: String, _ description: String?, _ schema: OrderedJSON?) -> OrderedJSON {
    var function: OrderedJSON = ["name": .text(name)]
    function.set("description", ifGiven: description.map(OrderedJSON.text))
    function.set("parameters", schema ?? ["type": "object", "properties": [:]])
    return ["type": "function", "function": function]
  }

  /// What an answer has to be if its calls are held to the tools' schemas; nil without tools.
  func constraint(_ form: ToolStyle.CallForm) -> CallConstraint? {
    let tools = functions.compactMap { $0["function"] }
      .map { CallConstraint.Tool($0["name"]?.text ?? "", schema: $0["parameters"]) }
      .filter { only == nil || $0.name == only }
    guard !tools.isEmpty else { return nil }
    let form: CallConstraint.Form =
      switch form {
      case .tagged: .tagged
      case .bare(let key): .bare(key: key)
      }
    return CallConstraint(tools, form: form, allowsText: !mustCall)
  }
}

extension OfferedTools {
  /// The answer that a drawn text stands for: calls are written as `<tool_call>…</tool_call>` (see ``ToolCall``).
  ///
  /// What a model invents as the result of its call, and calls beyond the number allowed, are left out. A text without a
  /// readable call is an answer without a call.
  func answer(_ text: String) -> String {
    guard !functions.isEmpty else { return text }
    let invented = text.firstRange(of: "<tool_response>")
    let said = invented.map { text[..<$0.lowerBound] } ?? text[...]
    if let end = lastCall(in: said) { return String(said[..<end].trimmed) }
    return bare(said) ?? String(said.trimmed)
  }

  /// The end of the last call that counts; nil if there is none.
  private func lastCall(in text: Substring) -> Substring.Index? {
    var (rest, found, count) = (text, Substring.Index?.none, 0)
    while let start = rest.firstRange(of: CallConstraint.opening) {
      let body = rest[start.upperBound...]
      let end = body.firstRange(of: CallConstraint.closing)
      let isCall = Readable.call(String(end.map { body[..<$0.lowerBound] } ?? body)) != nil
      rest = isCall ? body[(end?.upperBound ?? body.endIndex)...] : body
      guard isCall else { continue }
      count += 1
      found = rest.startIndex
      if count == most { return found }
    }
    // Words after the last call belong to the answer.
    return found.map { _ in text.endIndex }
  }

  /// Calls without marks: the whole text is one call or a list of them, as Llama 3 and Mistral write it.
  private func bare(_ text: Substring) -> String? {
    let text = text.trimmed
    guard let first = text.first, first == "{" || first == "[", let json = OrderedJSON(parsing: String(text)) else {
      return nil
    }
    let names = Set(functions.compactMap { $0["function"]?["name"]?.text })
    let calls = (json.items ?? [json]).map { item -> String? in
      guard let name = item["name"]?.text, names.contains(name),
        let arguments = item["parameters"] ?? item["arguments"],
        arguments.members != nil
      else { return nil }
      let call: OrderedJSON = ["name": .text(name), "arguments": arguments]
      return CallConstraint.opening + call.json + CallConstraint.closing
    }
    guard !calls.isEmpty, !calls.contains(nil) else { return nil }
    return calls.prefix(most).compactMap(\.self).joined(separator: "\n")
  }
}
