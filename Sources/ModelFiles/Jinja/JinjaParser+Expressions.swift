/// Jinja's expression grammar: one function per level of precedence, loosest first.
extension JinjaParser {
  /// One expression, or several separated by commas.
  mutating func tuple(allowsCondition: Bool = true) throws -> JinjaExpression {
    let first = try element(allowsCondition)
    guard token == .symbol(",") else { return first }
    var values = [first]
    while take(",") {
      switch token {
      case .outputEnd, .statementEnd, .symbol(")"): return .list(values)
      default: values.append(try element(allowsCondition))
      }
    }
    return .list(values)
  }

  private mutating func element(_ allowsCondition: Bool) throws -> JinjaExpression {
    allowsCondition ? try expression() : try disjunction()
  }

  mutating func expression() throws -> JinjaExpression {
    try nested { parser in
      var value = try parser.disjunction()
      while parser.take(word: "if") {
        let condition = try parser.disjunction()
        value = .conditional(
          value, if: condition, else: parser.take(word: "else") ? try parser.expression() : nil)
      }
      return value
    }
  }

  private mutating func disjunction() throws -> JinjaExpression {
    var values = [try conjunction()]
    while take(word: "or") { values.append(try conjunction()) }
    return values.count == 1 ? values[0] : .any(values)
  }

  private mutating func conjunction() throws -> JinjaExpression {
    var values = [try negation()]
    while take(word: "and") { values.append(try negation()) }
    return values.count == 1 ? values[0] : .all(values)
  }

  private mutating func negation() throws -> JinjaExpression {
    guard take(word: "not") else { return try comparison() }
    return try nested { .not(try $0.negation()) }
  }

  private mutating func comparison() throws -> JinjaExpression {
    let first = try sum()
    var others: [(operation: String, operand: JinjaExpression)] = []
    while true {
      if case .symbol(let symbol) = token, ["==", "!=", "<", "<=", ">", ">="].contains(symbol) {
        advance()
        others.append((symbol, try sum()))
      } else if take(word: "in") {
        others.append(("in", try sum()))
      } else if token == .name("not"), following == .name("in") {
        advance()
        advance()
        others.append(("not in", try sum()))
      } else {
        return others.isEmpty ? first : .comparison(first, others)
      }
    }
  }

  private mutating func arithmetic(
    _ symbols: [String], _ operand: (inout JinjaParser) throws -> JinjaExpression
  ) throws -> JinjaExpression {
    let first = try operand(&self)
    var others: [(operation: String, operand: JinjaExpression)] = []
    while case .symbol(let symbol) = token, symbols.contains(symbol) {
      advance()
      others.append((symbol, try operand(&self)))
    }
    return others.isEmpty ? first : .arithmetic(first, others)
  }

  private mutating func sum() throws -> JinjaExpression {
    try arithmetic(["+", "-"]) { parser in
      try parser.arithmetic(["~"]) { parser in
        try parser.arithmetic(["*", "/", "//", "%"]) { parser in
          try parser.arithmetic(["**"]) { try $0.unary() }
        }
      }
    }
  }

  private mutating func unary(filters: Bool = true) throws -> JinjaExpression {
    var value: JinjaExpression
    if take("-") {
      value = .negative(try nested { try $0.unary(filters: false) })
    } else if take("+") {
      value = try nested { try $0.unary(filters: false) }
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return filters ? try filtered(value) : value
  }

  private mutating func primary() throws -> JinjaExpression {
    switch token {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return .bool(true)
      case "false", "False": return .bool(false)
      case "none", "None": return .none
      default: return .name(name)
      }
    case .string(var text):
      advance()
      // Adjacent literals are concatenated, as in Python.
      while case .string(let more) = token {
        text += more
        advance()
      }
      return .text(JinjaText(text))
    case .integer(let value):
      advance()
      return .integer(value)
    case .number(let value):
      advance()
      return .number(value)
    case .symbol("("):
      advance()
      return try nested { parser in
        if parser.take(")") { return .list([]) }
        let value = try parser.tuple()
        try parser.expect(.symbol(")"))
        return value
      }
    case .symbol("["):
      advance()
      return try nested { .list(try $0.elements(to: "]") { try $0.expression() }) }
    case .symbol("{"):
      advance()
      return try nested { parser in
        .dictionary(
          try parser.elements(to: "}") { parser in
            let key = try parser.expression()
            try parser.expect(.symbol(":"))
            return (key, try parser.expression())
          })
      }
    default: throw unexpected()
    }
  }

  private mutating func elements<Element>(
    to end: String, _ element: (inout JinjaParser) throws -> Element
  ) throws -> [Element] {
    var elements: [Element] = []
    while !take(end) {
      if !elements.isEmpty {
        try expect(.symbol(","))
        if take(end) { break }
      }
      elements.append(try element(&self))
    }
    return elements
  }

  private mutating func postfix(_ start: JinjaExpression) throws -> JinjaExpression {
    var value = start
    while true {
      if take(".") {
        if case .integer(let place) = token {
          advance()
          value = .item(value, .integer(place))
        } else {
          value = .attribute(value, try name())
        }
      } else if take("[") {
        value = try nested { try $0.subscripted(value) }
      } else if token == .symbol("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  /// The rest of a subscript after `[`.
  private mutating func subscripted(_ value: JinjaExpression) throws -> JinjaExpression {
    let from = token == .symbol(":") ? nil : try expression()
    guard take(":") else {
      try expect(.symbol("]"))
      return .item(value, from ?? .none)
    }
    let to = token == .symbol(":") || token == .symbol("]") ? nil : try expression()
    let step = take(":") && token != .symbol("]") ? try expression() : nil
    try expect(.symbol("]"))
    return .slice(value, from: from, to: to, step: step)
  }

  private mutating func arguments() throws -> JinjaArguments {
    try expect(.symbol("("))
    return try nested { parser in
      var arguments = JinjaArguments()
      while !parser.take(")") {
        if !arguments.positional.isEmpty || !arguments.named.isEmpty {
          try parser.expect(.symbol(","))
          if parser.take(")") { break }
        }
        if case .name(let name) = parser.token, parser.following == .symbol("=") {
          parser.advance()
          parser.advance()
          arguments.named.append((name, try parser.expression()))
        } else {
          guard arguments.named.isEmpty else { throw parser.unexpected() }
          arguments.positional.append(try parser.expression())
        }
      }
      return arguments
    }
  }

  /// A filter's name and arguments, after `|`.
  mutating func filter() throws -> (name: String, arguments: JinjaArguments) {
    let name = try name()
    return (name, token == .symbol("(") ? try arguments() : JinjaArguments())
  }

  private mutating func filtered(_ start: JinjaExpression) throws -> JinjaExpression {
    var value = start
    while true {
      if take("|") {
        let (name, arguments) = try filter()
        value = .filter(value, name, arguments)
      } else if take(word: "is") {
        value = try test(value)
      } else if token == .symbol("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  /// A test after `is`.
  private mutating func test(_ value: JinjaExpression) throws -> JinjaExpression {
    let isNegated = take(word: "not")
    let name = try name()
    var arguments = JinjaArguments()
    switch token {
    case .symbol("("): arguments = try self.arguments()
    case .name(let word) where !["else", "or", "and", "if", "in", "is", "not"].contains(word):
      arguments.positional = [try postfix(primary())]
    case .string, .integer, .number, .symbol("["), .symbol("{"): arguments.positional = [try postfix(primary())]
    default: break
    }
    let test = JinjaExpression.test(value, name, arguments)
    return isNegated ? .not(test) : test
  }
}
