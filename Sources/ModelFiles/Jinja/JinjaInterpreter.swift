/// Renders an untrusted template. It reads values and writes text, has no other effect, and its cost is bounded.
///
/// The semantics are those of Jinja's immutable sandbox with `trim_blocks`, `lstrip_blocks` and loop controls, as
/// transformers renders chat templates.
final class JinjaInterpreter {
  enum Limits {
    /// The most work: expressions and statements count one each, texts by their length.
    static let work = 4_000_000
    /// The most scalars of a text and values of a list.
    static let size = 1 << 21
    static let depth = 160
  }

  /// How execution continues after a statement.
  enum Flow { case next, breaking, continuing }

  private(set) var output = JinjaText.empty
  private var work = 0
  private var depth = 0
  private var line = 0
  private var scopesWithMacros: [JinjaScope] = []

  /// - Throws: `JinjaError` with the line number.
  static func render(_ template: [JinjaStatement], _ values: [String: JinjaValue]) throws -> JinjaText {
    let interpreter = JinjaInterpreter()
    defer { for scope in interpreter.scopesWithMacros { scope.clear() } }
    do {
      // A separate scope, so that assignments at the top level do not change the built-in names.
      let scope = JinjaScope(values, in: JinjaScope(interpreter.builtIns))
      _ = try interpreter.run(template, JinjaScope(in: scope))
      return interpreter.output
    } catch var error as JinjaError {
      error.line = error.line ?? interpreter.line
      throw error
    }
  }

  func spend(_ amount: Int) throws {
    work += amount
    if work > Limits.work { throw JinjaError("it takes more steps than a template is allowed") }
  }

  /// Charges the cost of searching a text for another.
  func search(_ text: JinjaText, for needle: JinjaText) throws {
    try spend(text.count / 8 + text.count * needle.count / 256)
  }

  /// Charges the cost of a new text by its length, and bounds the length.
  func made(_ text: JinjaText) throws -> JinjaText {
    try spend(text.count / 8)
    if text.count > Limits.size { throw JinjaError("a text becomes longer than a template is allowed") }
    return text
  }

  func made(_ values: [JinjaValue]) throws -> JinjaValue {
    try spend(values.count)
    if values.count > Limits.size { throw JinjaError("a list becomes longer than a template is allowed") }
    return .list(values)
  }

  func nested<Result>(_ body: () throws -> Result) throws -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Limits.depth else { throw JinjaError("nested more than \(Limits.depth) deep") }
    return try body()
  }

  /// The output of `body`, kept apart from the template's output.
  func captured(_ body: () throws -> Void) throws -> JinjaText {
    let before = output
    defer { output = before }
    output = .empty
    try body()
    return output
  }

  private func write(_ text: JinjaText) throws {
    try spend(text.count / 8)
    output += text
    if output.count > Limits.size { throw JinjaError("it writes more than a template is allowed") }
  }

  func run(_ statements: [JinjaStatement], _ scope: JinjaScope) throws -> Flow {
    try nested {
      for statement in statements {
        try spend(1)
        line = statement.line
        let flow = try run(statement.kind, scope)
        if flow != .next { return flow }
      }
      return .next
    }
  }

  private func run(_ statement: JinjaStatement.Kind, _ scope: JinjaScope) throws -> Flow {
    switch statement {
    case .text(let text): try write(text)
    case .output(let expression): try write(try value(expression, scope).printed)
    case .branches(let branches, let otherwise):
      for branch in branches where try value(branch.condition, scope).isTrue { return try run(branch.body, scope) }
      return try run(otherwise, scope)
    case .loop(let loop): try run(loop, over: try value(loop.elements, scope), scope, level: 0)
    case .assignment(let target, let expression): try assign(try value(expression, scope), to: target, scope)
    case .capture(let target, let filters, let body):
      let text = try captured { _ = try run(body, JinjaScope(in: scope)) }
      try assign(try filtered(.text(text), filters, scope), to: target, scope)
    case .filtered(let filters, let body):
      let text = try captured { _ = try run(body, JinjaScope(in: scope)) }
      try write(try filtered(.text(text), filters, scope).printed)
    case .macro(let macro):
      scope[macro.name] = .function(function(macro, scope))
      scopesWithMacros.append(scope)
    case .scope(let values, let body):
      let inner = JinjaScope(in: scope)
      for (name, expression) in values { inner[name] = try value(expression, scope) }
      return try run(body, inner)
    case .breaking: return .breaking
    case .continuing: return .continuing
    }
    return .next
  }

  private func filtered(
    _ value: JinjaValue, _ filters: [(name: String, arguments: JinjaArguments)], _ scope: JinjaScope
  ) throws -> JinjaValue {
    var value = value
    for (name, arguments) in filters { value = try filter(name, value, try evaluated(arguments, scope)) }
    return value
  }

  private func assign(_ value: JinjaValue, to target: JinjaTarget, _ scope: JinjaScope) throws {
    switch target {
    case .name(let name): scope[name] = value
    case .names(let names):
      let values = try value.elements()
      guard values.count == names.count else {
        throw JinjaError("\(values.count) values are assigned to \(names.count) names")
      }
      for (name, value) in zip(names, values) { scope[name] = value }
    case .attribute(let name, let attribute):
      guard case .namespace(let namespace) = scope[name] else { throw JinjaError("\(quoted(name)) is not a namespace") }
      namespace.values[attribute] = value
    }
  }

  private func run(_ loop: JinjaLoop, over elements: JinjaValue, _ scope: JinjaScope, level: Int) throws {
    var values = try elements.elements()
    try spend(values.count)
    if let condition = loop.condition {
      values = try values.filter { element in
        let inner = JinjaScope(in: scope)
        try assign(element, to: loop.target, inner)
        return try value(condition, inner).isTrue
      }
    }
    if values.isEmpty { _ = try run(loop.otherwise, scope) }
    var last: [JinjaValue]?
    for (number, element) in values.enumerated() {
      let inner = JinjaScope(in: scope)
      try assign(element, to: loop.target, inner)
      var members: [(key: JinjaValue, value: JinjaValue)] = [
        (.text("index"), .integer(number + 1)), (.text("index0"), .integer(number)),
        (.text("first"), .bool(number == 0)), (.text("last"), .bool(number == values.count - 1)),
        (.text("length"), .integer(values.count)), (.text("revindex"), .integer(values.count - number)),
        (.text("revindex0"), .integer(values.count - number - 1)), (.text("depth"), .integer(level + 1)),
        (.text("depth0"), .integer(level)),
      ]
      if number > 0 { members.append((.text("previtem"), values[number - 1])) }
      if number + 1 < values.count { members.append((.text("nextitem"), values[number + 1])) }
      members.append(
        (
          .text("cycle"),
          .function(
            JinjaFunction { positional, _ in
              positional.isEmpty ? .none : positional[number % positional.count]
            })
        ))
      members.append(
        (
          .text("changed"),
          .function(
            JinjaFunction { positional, _ in
              defer { last = positional }
              guard let last, last.count == positional.count else { return .bool(true) }
              return .bool(!zip(last, positional).allSatisfy { $0.equals($1) })
            })
        ))
      // The call `loop(…)` in a recursive loop, with the elements of the next level.
      let again = JinjaFunction { [self] positional, _ in
        guard loop.isRecursive, let elements = positional.first else { throw JinjaError("the loop is not recursive") }
        return .text(try nested { try captured { try run(loop, over: elements, scope, level: level + 1) } })
      }
      members.append((.text(JinjaValue.callee), .function(again)))
      inner["loop"] = .dictionary(members)
      if try run(loop.body, inner) == .breaking { break }
    }
  }

  private func function(_ macro: JinjaMacro, _ scope: JinjaScope) -> JinjaFunction {
    JinjaFunction { [self] positional, named in
      let inner = JinjaScope(in: scope)
      guard positional.count <= macro.parameters.count else {
        throw JinjaError("the macro \(quoted(macro.name)) takes \(macro.parameters.count) arguments")
      }
      if let stranger = named.keys.first(where: { name in !macro.parameters.contains { $0.name == name } }) {
        throw JinjaError("the macro \(quoted(macro.name)) has no argument \(quoted(stranger))")
      }
      for (place, parameter) in macro.parameters.enumerated() {
        if place < positional.count {
          inner[parameter.name] = positional[place]
        } else if let value = named[parameter.name] {
          inner[parameter.name] = value
        } else {
          inner[parameter.name] = try parameter.value.map { try value($0, inner) } ?? .undefined(parameter.name)
        }
      }
      return .text(try nested { try captured { _ = try run(macro.body, inner) } })
    }
  }
}

extension JinjaValue {
  /// The name under which a loop stores the function that `loop(…)` calls.
  static let callee = "\u{0}call"
}
