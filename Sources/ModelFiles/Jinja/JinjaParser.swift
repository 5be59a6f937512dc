/// Parses the statements of a template; an extension parses expressions. Unknown syntax is an error and is never
/// skipped.
struct JinjaParser {
  private let tokens: [(token: JinjaToken, line: Int)]
  private var place = 0
  private var depth = 0

  /// The largest nesting depth of tags and brackets.
  private static let deepest = 64

  init(_ template: String) throws {
    var lexer = JinjaLexer(template)
    tokens = try lexer.cut()
  }

  static func parse(_ template: String) throws -> [JinjaStatement] {
    var parser = try JinjaParser(template)
    let (statements, end) = try parser.body(until: [])
    guard end.isEmpty else { throw parser.unexpected() }
    return statements
  }

  var token: JinjaToken { tokens[place].token }
  /// The token after the current one.
  var following: JinjaToken { tokens[min(place + 1, tokens.count - 1)].token }
  var line: Int { tokens[place].line }

  mutating func advance() { if place < tokens.count - 1 { place += 1 } }

  mutating func take(_ expected: JinjaToken) -> Bool {
    guard token == expected else { return false }
    advance()
    return true
  }

  mutating func take(_ symbol: String) -> Bool { take(.symbol(symbol)) }
  mutating func take(word: String) -> Bool { take(.name(word)) }

  mutating func expect(_ expected: JinjaToken) throws {
    guard take(expected) else { throw unexpected() }
  }

  mutating func name() throws -> String {
    guard case .name(let name) = token else { throw unexpected() }
    advance()
    return name
  }

  func unexpected() -> JinjaError { JinjaError("\(token.described) is not expected", line: line) }

  mutating func nested<Result>(_ body: (inout JinjaParser) throws -> Result) throws -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw JinjaError("nested more than \(Self.deepest) deep", line: line) }
    return try body(&self)
  }

  /// Parses statements until a tag that begins with one of `ends`, or until the end of the template. Returns which end
  /// it found, with the tag's name consumed.
  private mutating func body(until ends: [String]) throws -> (statements: [JinjaStatement], end: String) {
    try nested { parser in
      var statements: [JinjaStatement] = []
      while true {
        let line = parser.line
        func add(_ kind: JinjaStatement.Kind) { statements.append(JinjaStatement(kind: kind, line: line)) }
        switch parser.token {
        case .text(let text):
          parser.advance()
          add(.text(JinjaText(text)))
        case .outputBegin:
          parser.advance()
          add(.output(try parser.tuple()))
          try parser.expect(.outputEnd)
        case .statementBegin:
          parser.advance()
          let name = try parser.name()
          if ends.contains(name) { return (statements, name) }
          add(try parser.statement(name))
        case .end:
          guard ends.isEmpty else { throw JinjaError("{% \(ends.last ?? "") %} is missing", line: line) }
          return (statements, "")
        default: throw parser.unexpected()
        }
      }
    }
  }

  /// Parses statements until `{% end %}` and consumes that tag.
  private mutating func body(to end: String) throws -> [JinjaStatement] {
    try expect(.statementEnd)
    let statements = try body(until: [end]).statements
    try expect(.statementEnd)
    return statements
  }

  /// The statement after the name of its tag.
  private mutating func statement(_ name: String) throws -> JinjaStatement.Kind {
    switch name {
    case "if": return try branches()
    case "for": return try loop()
    case "set": return try assignment()
    case "macro": return try macro()
    case "generation": return .scope([], try body(to: "endgeneration"))
    case "with":
      var values: [(name: String, value: JinjaExpression)] = []
      while token != .statementEnd {
        if !values.isEmpty { try expect(.symbol(",")) }
        let name = try self.name()
        try expect(.symbol("="))
        values.append((name, try expression()))
      }
      return .scope(values, try body(to: "endwith"))
    case "filter":
      var filters = [try filter()]
      while take("|") { filters.append(try filter()) }
      return .filtered(filters, try body(to: "endfilter"))
    case "break", "continue":
      try expect(.statementEnd)
      return name == "break" ? .breaking : .continuing
    default: throw JinjaError("{% \(name) %} is not supported", line: line)
    }
  }

  private mutating func branches() throws -> JinjaStatement.Kind {
    var branches: [(condition: JinjaExpression, body: [JinjaStatement])] = []
    while true {
      let condition = try tuple()
      try expect(.statementEnd)
      let (body, end) = try body(until: ["elif", "else", "endif"])
      branches.append((condition, body))
      if end == "elif" { continue }
      let otherwise = end == "else" ? try self.body(to: "endif") : []
      if end == "endif" { try expect(.statementEnd) }
      return .branches(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws -> JinjaStatement.Kind {
    let target = try target()
    guard take(word: "in") else { throw unexpected() }
    let elements = try tuple(allowsCondition: false)
    let condition = take(word: "if") ? try expression() : nil
    let isRecursive = take(word: "recursive")
    try expect(.statementEnd)
    let (body, end) = try body(until: ["else", "endfor"])
    let otherwise = end == "else" ? try self.body(to: "endfor") : []
    if end == "endfor" { try expect(.statementEnd) }
    return .loop(
      JinjaLoop(
        target: target, elements: elements, condition: condition, isRecursive: isRecursive, body: body,
        otherwise: otherwise))
  }

  private mutating func target() throws -> JinjaTarget {
    let isBracketed = take("(")
    var names = [try name()]
    if names.count == 1, !isBracketed, take(".") { return .attribute(names[0], try name()) }
    while take(",") {
      guard case .name(let name) = token, name != "in" else { break }
      advance()
      names.append(name)
    }
    if isBracketed { try expect(.symbol(")")) }
    return names.count == 1 ? .name(names[0]) : .names(names)
  }

  private mutating func assignment() throws -> JinjaStatement.Kind {
    let target = try target()
    if take("=") {
      let value = try tuple()
      try expect(.statementEnd)
      return .assignment(target, value)
    }
    var filters: [(name: String, arguments: JinjaArguments)] = []
    while take("|") { filters.append(try filter()) }
    return .capture(target, filters: filters, try body(to: "endset"))
  }

  private mutating func macro() throws -> JinjaStatement.Kind {
    let name = try name()
    try expect(.symbol("("))
    var parameters: [(name: String, value: JinjaExpression?)] = []
    while !take(")") {
      if !parameters.isEmpty { try expect(.symbol(",")) }
      let parameter = try self.name()
      parameters.append((parameter, take("=") ? try expression() : nil))
    }
    return .macro(JinjaMacro(name: name, parameters: parameters, body: try body(to: "endmacro")))
  }
}
