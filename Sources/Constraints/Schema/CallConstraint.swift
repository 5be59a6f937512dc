import Agents

/// An answer that calls one of several tools, with arguments that the tool's JSON schema accepts.
///
/// Around the name and the arguments, and after commas and colons, white space may stand as models write it:
///
///     <tool_call>
///     {"name": "find_order", "arguments": {"id": 17}}
///     </tool_call>
package struct CallConstraint: Hashable, Sendable {
  /// A tool that may be called.
  package struct Tool: Hashable, Sendable {
    package var name: String
    /// The JSON schema of the arguments, which are an object; nil for a tool without arguments.
    package var schema: OrderedJSON?

    package init(_ name: String, schema: OrderedJSON?) { (self.name, self.schema) = (name, schema) }
  }

  /// How a call is written.
  package enum Form: Hashable, Sendable {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen.
    case tagged
    /// `{"name": …, KEY: …}` and nothing else, where KEY is the key of the arguments: Llama 3 (`parameters`).
    case bare(key: String)
  }

  package var tools: [Tool]
  package var form: Form
  /// Whether an answer without a call is allowed, too. Such a text is not empty, does not begin with white space, `{` or
  /// `[`, and has no `<tool_call>` in it.
  package var allowsText: Bool

  package init(_ tools: [Tool], form: Form = .tagged, allowsText: Bool = false) {
    (self.tools, self.form, self.allowsText) = (tools, form, allowsText)
  }

  package static let (opening, closing) = ("<tool_call>", "</tool_call>")

  /// The language of the answers.
  ///
  /// - Throws: ``ConstraintError`` with the tool's name, as ``Constraint/language()`` for its schema.
  package func language() throws(ConstraintError) -> AnyByteLanguage {
    guard !tools.isEmpty else {
      throw ConstraintError(.schema, at: .whole, "there is no tool to call", remedy: "offer at least one")
    }
    var rules = Rules()
    let whole = rules.add("answer")
    var calls: [Expression] = []
    for tool in tools { calls.append(try call(of: tool, &rules)) }
    var answers = [framed(.choice(calls))]
    if allowsText { answers.append(try Self.text()) }
    rules.define(whole, .choice(answers))
    let machine = try Constraint.machine(rules, .schema)
    guard machine.barren.isEmpty, let recogniser = Recogniser(machine) else {
      throw ConstraintError(
        .schema, at: .path(machine.barren.last.map { rules.names[$0] } ?? "#"), "no value satisfies a tool's schema",
        remedy: "look for a `$ref` without an end, or for bounds that contradict each other")
    }
    return AnyByteLanguage(recogniser, classes: recogniser.machine.byteClasses, size: \.size)
  }

  private func framed(_ call: Expression) -> Expression {
    guard form == .tagged else { return call }
    func texts(_ texts: String...) -> Expression { .texts(texts.map { Array($0.utf8) }) }
    return .sequence([
      texts(Self.opening, Self.opening + "\n"), call, texts(Self.closing, "\n" + Self.closing),
    ])
  }

  private func call(of tool: Tool, _ rules: inout Rules) throws(ConstraintError) -> Expression {
    var schema = tool.schema ?? ["properties": [:]]
    // Arguments are an object, even where the schema leaves it open.
    if schema.members != nil,
      !["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"].contains(where: { schema[$0] != nil })
    {
      schema.set("type", "object")
    }
    var compiler = SchemaCompiler(root: schema, rules: rules, allowsSpaces: true)
    let arguments: Int
    do throws(ConstraintError) { arguments = try compiler.compile() } catch {
      let place: ConstraintError.Place =
        if case .path(let path) = error.place { .path("tool \(tool.name), \(path)") } else { error.place }
      throw ConstraintError(error.kind, at: place, error.reason, remedy: error.remedy)
    }
    rules = compiler.rules
    let key = if case .bare(let key) = form { key } else { "arguments" }
    return .sequence([
      .text("{\"name\""), SchemaCompiler.spaced(":"), .text(OrderedJSON.text(tool.name).json),
      SchemaCompiler.spaced(","), .text(OrderedJSON.text(key).json), SchemaCompiler.spaced(":"), .rule(arguments),
      .text("}"),
    ])
  }

  /// A text that is no call and holds none.
  private static func text() throws(ConstraintError) -> Expression {
    let mark = opening.unicodeScalars.map { ScalarSet($0) }
    let notFirst = ScalarSet(of: " \t\r\n{[")
    // Each set is one label, so that an observer knows what was read.
    let letters = Array(Set(mark))
    let others = ScalarSet((letters + [notFirst]).flatMap(\.ranges)).inverted
    let any = Pattern.repeated(
      .choice((letters + [notFirst, others]).map { .one(of: $0) }), atLeast: 0, atMost: nil)
    do {
      // How many letters of the mark end the text so far; −1 before the first letter. `<` occurs in it only once, so that
      // after a mismatch at most one of its letters counts.
      let automaton = try CharacterAutomaton(any).observed(from: -1) { seen, label -> Int? in
        guard case .one(let set) = label else { return seen }
        if seen < 0, set == notFirst { return nil }
        let next = seen >= 0 && set == mark[seen] ? seen + 1 : set == mark[0] ? 1 : 0
        return next == mark.count ? nil : next
      } accepts: { seen in
        seen >= 0
      }
      return .automaton(automaton, .plain)
    } catch {
      throw Constraint.oversize(.schema)
    }
  }
}
