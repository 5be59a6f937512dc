import Foundation

extension JinjaInterpreter {
  func value(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
    try spend(1)
    return try nested { try evaluate(expression, scope) }
  }

  private func evaluate(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
    switch expression {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .text(let text): return .text(text)
    case .name(let name): return scope[name] ?? .undefined(name)
    case .list(let elements): return .list(try elements.map { try value($0, scope) })
    case .dictionary(let members):
      return .dictionary(try members.map { (try value($0.key, scope), try value($0.value, scope)) })
    case .attribute(let owner, let name): return try attribute(name, of: try value(owner, scope))
    case .item(let owner, let key): return try item(try value(key, scope), of: try value(owner, scope))
    case .slice(let owner, let from, let to, let step):
      func bound(_ expression: JinjaExpression?) throws -> Int? {
        try expression.flatMap { try value($0, scope).whole }
      }
      return try slice(try value(owner, scope), from: try bound(from), to: try bound(to), step: try bound(step))
    case .call(let callee, let arguments):
      return try call(try value(callee, scope), try evaluated(arguments, scope))
    case .filter(let operand, let name, let arguments):
      return try filter(name, try value(operand, scope), try evaluated(arguments, scope))
    case .test(let operand, let name, let arguments):
      return .bool(try test(name, try value(operand, scope), try evaluated(arguments, scope).positional))
    case .not(let operand): return .bool(!(try value(operand, scope).isTrue))
    case .negative(let operand):
      switch try value(operand, scope) {
      case .integer(let value) where value > .min: return .integer(-value)
      case .number(let value): return .number(-value)
      case let value: throw JinjaError("\(value.kind) cannot be negated")
      }
    case .arithmetic(let first, let others):
      return try others.reduce(try value(first, scope)) { result, other in
        try arithmetic(other.operation, result, try value(other.operand, scope))
      }
    case .comparison(let first, let others):
      var left = try value(first, scope)
      for (operation, operand) in others {
        let right = try value(operand, scope)
        guard try compare(operation, left, right) else { return .bool(false) }
        left = right
      }
      return .bool(true)
    case .all(let operands):
      var result = JinjaValue.bool(true)
      for operand in operands {
        result = try value(operand, scope)
        if !result.isTrue { break }
      }
      return result
    case .any(let operands):
      var result = JinjaValue.bool(false)
      for operand in operands {
        result = try value(operand, scope)
        if result.isTrue { break }
      }
      return result
    case .conditional(let result, let condition, let otherwise):
      if try value(condition, scope).isTrue { return try value(result, scope) }
      return try otherwise.map { try value($0, scope) } ?? .undefined("else")
    }
  }

  func evaluated(
    _ arguments: JinjaArguments, _ scope: JinjaScope
  ) throws -> (positional: [JinjaValue], named: [String: JinjaValue]) {
    (
      try arguments.positional.map { try value($0, scope) },
      Dictionary(
        try arguments.named.map { ($0.name, try value($0.value, scope)) }, uniquingKeysWith: { _, last in last })
    )
  }

  private func call(
    _ callee: JinjaValue, _ arguments: (positional: [JinjaValue], named: [String: JinjaValue])
  ) throws -> JinjaValue {
    guard case .function(let function) = callee.member(.text(JinjaValue.callee)) ?? callee else {
      throw JinjaError("\(callee.kind) cannot be called")
    }
    return try function.body(arguments.positional, arguments.named)
  }

  /// `owner.name`: methods take precedence over members.
  func attribute(_ name: String, of owner: JinjaValue) throws -> JinjaValue {
    if case .undefined = owner { throw JinjaError("\(owner.kind) has no attribute \(quoted(name))") }
    if case .namespace(let namespace) = owner { return namespace.values[name] ?? .undefined(name) }
    if let method = method(name, of: owner) { return .function(method) }
    return owner.member(.text(name)) ?? .undefined(name)
  }

  /// `owner[key]`: members take precedence over methods.
  func item(_ key: JinjaValue, of owner: JinjaValue) throws -> JinjaValue {
    if case .undefined = owner { throw JinjaError("\(owner.kind) has no items") }
    try spend(owner.memberCount / 4)
    if let value = owner.member(key) { return value }
    if case .text(let name) = key {
      guard let method = method(name.string, of: owner) else {
        if case .namespace(let namespace) = owner { return namespace.values[name.string] ?? .undefined(name.string) }
        return .undefined(name.string)
      }
      return .function(method)
    }
    guard let place = key.whole else { return .undefined(key.printed.string) }
    switch owner {
    case .list(let values):
      let number = place < 0 ? values.count + place : place
      return values.indices.contains(number) ? values[number] : .undefined(String(place))
    case .text(let text):
      let number = place < 0 ? text.count + place : place
      return (0..<text.count).contains(number) ? .text(text[number..<number + 1]) : .undefined(String(place))
    default: return .undefined(String(place))
    }
  }

  private func slice(_ owner: JinjaValue, from: Int?, to: Int?, step: Int?) throws -> JinjaValue {
    let count: Int
    switch owner {
    case .list(let values): count = values.count
    case .text(let text): count = text.count
    case .undefined: return .list([])
    default: throw JinjaError("\(owner.kind) cannot be sliced")
    }
    let step = step ?? 1
    guard step != 0, step > -Limits.size, step < Limits.size else { throw JinjaError("a slice has a wrong step") }
    func place(_ number: Int?, default fallback: Int) -> Int {
      guard let number else { return fallback }
      let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
      return number < 0 ? max(low, number < -count ? low : number + count) : min(number, high)
    }
    let start = place(from, default: step > 0 ? 0 : count - 1)
    let end = place(to, default: step > 0 ? count : -1)
    let places = Array(stride(from: start, to: end, by: step))
    switch owner {
    case .text(let text): return .text(try made(JinjaText(marked: places.map { text.marked[$0] })))
    case .list(let values): return try made(places.map { values[$0] })
    default: return .list([])
    }
  }

  private func arithmetic(_ operation: String, _ a: JinjaValue, _ b: JinjaValue) throws -> JinjaValue {
    switch (operation, a, b) {
    case ("~", _, _): return .text(try made(a.printed + b.printed))
    case ("+", .text(let a), .text(let b)): return .text(try made(a + b))
    case ("+", .list(let a), .list(let b)): return try made(a + b)
    case ("*", .text(let text), .integer(let count)), ("*", .integer(let count), .text(let text)):
      guard count < Limits.size, text.count * max(count, 0) <= Limits.size else {
        throw JinjaError("a text is too long")
      }
      return .text(try made(JinjaText(marked: (0..<max(0, count)).flatMap { _ in text.marked })))
    case ("%", .text(let format), _): return .text(try made(try formatted(format, with: b)))
    default: break
    }
    if let a = a.whole, let b = b.whole, operation != "/" {
      let result: (partialValue: Int, overflow: Bool)
      switch operation {
      case "+": result = a.addingReportingOverflow(b)
      case "-": result = a.subtractingReportingOverflow(b)
      case "*": result = a.multipliedReportingOverflow(by: b)
      case "//", "%":
        guard b != 0 else { throw JinjaError("a division by zero") }
        let (quotient, overflow) = a.dividedReportingOverflow(by: b)
        guard !overflow else { throw JinjaError("a number is too large") }
        // Python's integer division rounds down.
        let floor = quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0)
        result = (operation == "//" ? floor : a - floor * b, false)
      default:
        guard b >= 0, let value = Int(exactly: pow(Double(a), Double(b))), abs(value) < 1 << 53 else {
          return .number(pow(Double(a), Double(b)))
        }
        result = (value, false)
      }
      guard !result.overflow else { throw JinjaError("a number is too large") }
      return .integer(result.partialValue)
    }
    guard let a = a.double, let b = b.double else {
      throw JinjaError("\(a.kind) \(operation) \(b.kind) is not possible")
    }
    switch operation {
    case "+": return .number(a + b)
    case "-": return .number(a - b)
    case "*": return .number(a * b)
    case "**": return .number(pow(a, b))
    default:
      guard b != 0 else { throw JinjaError("a division by zero") }
      let quotient = (a / b).rounded(.down)
      return .number(operation == "/" ? a / b : operation == "//" ? quotient : a - quotient * b)
    }
  }

  /// Python's `%` formatting with `%s` and `%d`.
  private func formatted(_ format: JinjaText, with value: JinjaValue) throws -> JinjaText {
    var values: [JinjaValue] = [value]
    if case .list(let several) = value { values = several }
    var pieces = format.split(JinjaText("%"))
    var result = pieces.removeFirst()
    var isEscaped = false
    for piece in pieces {
      if isEscaped {
        isEscaped = false
        result += piece
      } else if piece.isEmpty {
        isEscaped = true
        result += JinjaText("%")
      } else {
        guard ["s", "d"].contains(piece[0..<1].string), !values.isEmpty else {
          throw JinjaError("a format other than %s and %d is not supported")
        }
        result += values.removeFirst().printed + piece[1..<piece.count]
      }
    }
    guard values.isEmpty else { throw JinjaError("a format has fewer places than values") }
    return result
  }

  func compare(_ operation: String, _ a: JinjaValue, _ b: JinjaValue) throws -> Bool {
    try spend(size(a) / 8)
    switch operation {
    case "==": return a.equals(b)
    case "!=": return !a.equals(b)
    case "in": return try contains(b, a)
    case "not in": return !(try contains(b, a))
    case "<": return try isOrdered(a, b)
    case ">": return try isOrdered(b, a)
    case "<=": return !(try isOrdered(b, a))
    default: return !(try isOrdered(a, b))
    }
  }

  /// The approximate cost of a comparison.
  private func size(_ value: JinjaValue) -> Int {
    switch value {
    case .text(let text): text.count
    case .list(let values): values.reduce(values.count) { $0 + size($1) }
    case .dictionary(let members): members.reduce(members.count) { $0 + size($1.value) }
    default: 1
    }
  }

  /// a < b
  func isOrdered(_ a: JinjaValue, _ b: JinjaValue) throws -> Bool {
    if let a = a.double, let b = b.double { return a < b }
    switch (a, b) {
    case (.text(let a), .text(let b)): return a < b
    case (.list(let a), .list(let b)):
      for (one, other) in zip(a, b) where !one.equals(other) { return try isOrdered(one, other) }
      return a.count < b.count
    default: throw JinjaError("\(a.kind) and \(b.kind) cannot be compared by size")
    }
  }

  func contains(_ container: JinjaValue, _ element: JinjaValue) throws -> Bool {
    switch container {
    case .text(let text):
      guard case .text(let piece) = element else { throw JinjaError("\(element.kind) cannot be in a text") }
      try search(text, for: piece)
      return text.find(piece) != nil
    case .dictionary: return container.member(element) != nil
    case .list(let values):
      try spend(values.count + values.count * size(element) / 8)
      return values.contains { $0.equals(element) }
    case .undefined: return false
    default: throw JinjaError("\(container.kind) cannot contain anything")
    }
  }
}
