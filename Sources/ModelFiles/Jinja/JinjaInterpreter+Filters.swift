import Foundation

extension JinjaInterpreter {
  typealias Arguments = (positional: [JinjaValue], named: [String: JinjaValue])

  /// `value | name(arguments)`
  func filter(_ name: String, _ value: JinjaValue, _ arguments: Arguments) throws -> JinjaValue {
    func argument(_ place: Int, _ name: String) -> JinjaValue? {
      place < arguments.positional.count ? arguments.positional[place] : arguments.named[name]
    }
    switch name {
    case "default", "d":
      let replaces = value.isUndefined || (argument(1, "boolean")?.isTrue ?? false && !value.isTrue)
      return replaces ? argument(0, "default_value") ?? .text("") : value
    case "tojson":
      let indent = argument(1, "indent")?.whole ?? arguments.named["indent"]?.whole
      return .text(try made(try json(value, indent: indent, separators: arguments.named["separators"])))
    case "string", "safe": return .text(value.printed)
    case "length", "count": return .integer(try count(value))
    case "list": return try made(try value.elements())
    case "int":
      if case .text(let text) = value {
        return .integer(
          Int(text.stripped().string) ?? Double(text.stripped().string).flatMap {
            Int(exactly: $0.rounded(.towardZero))
          }
            ?? argument(0, "default")?.whole ?? 0)
      }
      return .integer(
        value.double.flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? argument(0, "default")?.whole ?? 0)
    case "float":
      if case .text(let text) = value {
        return .number(Double(text.stripped().string) ?? argument(0, "default")?.double ?? 0)
      }
      return .number(value.double ?? argument(0, "default")?.double ?? 0)
    case "abs":
      if let whole = value.whole, whole > .min { return .integer(abs(whole)) }
      guard let number = value.double else { throw JinjaError("\(value.kind) has no absolute value") }
      return .number(abs(number))
    case "round":
      guard let number = value.double, argument(1, "method") == nil else {
        throw JinjaError("the filter round is not supported on \(value.kind)")
      }
      let scale = pow(10, Double(argument(0, "precision")?.whole ?? 0))
      return .number((number * scale).rounded(.toNearestOrEven) / scale)
    case "trim", "upper", "lower", "capitalize", "title", "replace", "indent", "escape", "e", "wordcount", "format":
      return try filter(name, text: value.printed, argument)
    default: return try filter(name, list: value, arguments, argument)
    }
  }

  private func count(_ value: JinjaValue) throws -> Int {
    switch value {
    case .text(let text): return text.count
    case .list(let values): return values.count
    case .dictionary(let members): return members.count
    case .undefined: return 0
    default: throw JinjaError("\(value.kind) has no length")
    }
  }

  private func filter(
    _ name: String, text: JinjaText, _ argument: (Int, String) -> JinjaValue?
  ) throws -> JinjaValue {
    switch name {
    case "trim": return .text(text.stripped(argument(0, "chars")?.printed))
    case "upper": return .text(text.uppercased)
    case "lower": return .text(text.lowercased)
    case "capitalize": return .text(text.capitalized)
    case "title": return .text(text.titled)
    case "wordcount": return .integer(text.split(nil).count)
    case "replace":
      guard let old = argument(0, "old"), let new = argument(1, "new") else {
        throw JinjaError("replace takes two texts")
      }
      return .text(try replaced(text, old.printed, new.printed, limit: argument(2, "count")?.whole))
    case "indent":
      let width = argument(0, "width")
      let margin =
        width?.whole.map { JinjaText(String(repeating: " ", count: max(0, min($0, 1024)))) } ?? width?.printed
        ?? JinjaText("    ")
      let (first, blank) = (argument(1, "first")?.isTrue ?? false, argument(2, "blank")?.isTrue ?? false)
      let lines = (text + JinjaText("\n")).lines(keepsEnds: false).enumerated().map { number, line in
        (number == 0 ? first : blank || !line.isEmpty) ? margin + line : line
      }
      return .text(try made(.joined(lines, by: JinjaText("\n"))))
    case "escape", "e":
      return .text(
        text.mapped { scalar in
          switch scalar {
          case "&": "&amp;"
          case "<": "&lt;"
          case ">": "&gt;"
          case "\"": "&#34;"
          case "'": "&#39;"
          default: String(scalar)
          }
        })
    default: throw JinjaError("the filter \(quoted(name)) is not supported")
    }
  }

  func replaced(_ text: JinjaText, _ old: JinjaText, _ new: JinjaText, limit: Int?) throws -> JinjaText {
    try search(text, for: old)
    guard text.count * max(1, new.count) <= Limits.size * 64 else { throw JinjaError("a text becomes too long") }
    return try made(text.replacing(old, with: new, limit: limit.map { $0 < 0 ? .max : $0 } ?? .max))
  }

  private func filter(
    _ name: String, list value: JinjaValue, _ arguments: Arguments, _ argument: (Int, String) -> JinjaValue?
  ) throws -> JinjaValue {
    switch name {
    case "items":
      if case .undefined = value { return .list([]) }
      guard case .dictionary(let members) = value else { throw JinjaError("\(value.kind) has no items") }
      return .list(members.map { .list([$0.key, $0.value]) })
    case "dictsort":
      guard case .dictionary(let members) = value, arguments.positional.isEmpty else {
        throw JinjaError("the filter dictsort is not supported on \(value.kind)")
      }
      return .list(
        try members.sorted { try isOrdered(sortKey($0.key), sortKey($1.key)) }.map { .list([$0.key, $0.value]) })
    case "first": return try value.elements().first ?? .undefined("first")
    case "last": return try value.elements().last ?? .undefined("last")
    case "reverse":
      if case .text(let text) = value { return .text(JinjaText(marked: text.marked.reversed())) }
      return .list(try value.elements().reversed())
    case "join":
      let separator = argument(0, "d")?.printed ?? .empty
      var values = try value.elements()
      if let name = argument(1, "attribute") { values = try values.map { try path(name, of: $0) } }
      return .text(try made(.joined(values.map(\.printed), by: separator)))
    case "sum":
      let values = try value.elements()
      guard values.allSatisfy({ $0.whole != nil }) else { throw JinjaError("the filter sum takes whole numbers") }
      return .integer(values.reduce(0) { $0 &+ ($1.whole ?? 0) })
    case "min", "max":
      let sorted = try value.elements().sorted { try isOrdered($0, $1) }
      return (name == "min" ? sorted.first : sorted.last) ?? .undefined(name)
    case "sort":
      func key(_ value: JinjaValue) throws -> JinjaValue {
        sortKey(try argument(2, "attribute").map { try path($0, of: value) } ?? value)
      }
      let sorted = try value.elements().sorted { try isOrdered(key($0), key($1)) }
      return .list(argument(0, "reverse")?.isTrue ?? false ? sorted.reversed() : sorted)
    case "unique":
      var seen: [JinjaValue] = []
      for element in try value.elements() where !seen.contains(where: { sortKey($0).equals(sortKey(element)) }) {
        seen.append(element)
        try spend(seen.count)
      }
      return .list(seen)
    case "map":
      if let name = arguments.named["attribute"] {
        return .list(
          try chosen(value).map { element in
            let found = try path(name, of: element)
            return found.isUndefined ? arguments.named["default"] ?? found : found
          })
      }
      guard let name = arguments.positional.first?.printed.string else { throw JinjaError("map takes a filter") }
      let rest: Arguments = (Array(arguments.positional.dropFirst()), arguments.named)
      return .list(try chosen(value).map { try filter(name, $0, rest) })
    case "select", "reject": return try selected(value, arguments.positional[...], takes: name == "select") { $0 }
    case "selectattr", "rejectattr":
      guard let attribute = arguments.positional.first else { throw JinjaError("\(name) takes an attribute") }
      return try selected(value, arguments.positional.dropFirst(), takes: name == "selectattr") {
        try path(attribute, of: $0)
      }
    default: throw JinjaError("the filter \(quoted(name)) is not supported")
    }
  }

  /// The elements to select from. As in Jinja, none has no elements here.
  private func chosen(_ value: JinjaValue) throws -> [JinjaValue] { value.isTrue ? try value.elements() : [] }

  /// Sorting ignores case.
  private func sortKey(_ value: JinjaValue) -> JinjaValue {
    if case .text(let text) = value { return .text(text.lowercased) }
    return value
  }

  private func selected(
    _ value: JinjaValue, _ test: ArraySlice<JinjaValue>, takes: Bool, _ subject: (JinjaValue) throws -> JinjaValue
  ) throws -> JinjaValue {
    .list(
      try chosen(value).filter { element in
        let subject = try subject(element)
        guard let name = test.first?.printed.string else { return subject.isTrue == takes }
        return try self.test(name, subject, Array(test.dropFirst())) == takes
      })
  }

  /// The member of a value at a path such as `a.b.0`.
  private func path(_ name: JinjaValue, of value: JinjaValue) throws -> JinjaValue {
    if name.whole != nil { return try item(name, of: value) }
    return try name.printed.split(JinjaText(".")).reduce(value) { value, part in
      try item(Int(part.string).map { .integer($0) } ?? .text(part), of: value)
    }
  }

  /// JSON in the format of Python's `json.dumps` with `ensure_ascii=False`.
  private func json(_ value: JinjaValue, indent: Int?, separators: JinjaValue?, level: Int = 0) throws -> JinjaText {
    try nested {
      try spend(1)
      func container(_ open: String, _ close: String, _ members: [JinjaText]) throws -> JinjaText {
        guard !members.isEmpty else { return JinjaText(open + close) }
        var between = indent == nil ? JinjaText(", ") : JinjaText(",")
        if case .list(let texts) = separators, let first = texts.first { between = first.printed }
        let line = { (level: Int) in
          indent.map { JinjaText("\n" + String(repeating: " ", count: max(0, min($0, 64)) * level)) } ?? .empty
        }
        return JinjaText(open) + line(level + 1) + .joined(members, by: between + line(level + 1)) + line(level)
          + JinjaText(close)
      }
      switch value {
      case .none: return JinjaText("null")
      case .bool(let value): return JinjaText(value ? "true" : "false")
      case .integer, .number: return value.printed
      case .text(let text): return literal(text)
      case .list(let values):
        return try container(
          "[", "]", values.map { try json($0, indent: indent, separators: separators, level: level + 1) })
      case .dictionary(let members):
        var between = JinjaText(": ")
        if case .list(let texts) = separators, texts.count > 1 { between = texts[1].printed }
        return try container(
          "{", "}",
          members.map {
            literal($0.key.printed) + between
              + (try json($0.value, indent: indent, separators: separators, level: level + 1))
          })
      default: throw JinjaError("\(value.kind) cannot be written as JSON")
      }
    }
  }

  private func literal(_ text: JinjaText) -> JinjaText {
    let quote = JinjaText("\"")
    return quote
      + text.mapped { scalar in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\u{8}": "\\b"
        case "\u{C}": "\\f"
        case "\0"..<" ": String(format: "\\u%04x", scalar.value)
        default: String(scalar)
        }
      } + quote
  }
}
