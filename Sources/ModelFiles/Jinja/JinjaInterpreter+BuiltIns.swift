extension JinjaInterpreter {
  /// The names that every template can use. The clock is constant, so that a prompt does not depend on the day: it is
  /// 26 July 2024, the date that Llama's templates use without a clock.
  var builtIns: [String: JinjaValue] {
    [
      "raise_exception": .function(
        JinjaFunction { positional, _ in
          throw JinjaError(positional.first?.printed.string ?? "", isRefusal: true)
        }),
      "range": .function(
        JinjaFunction { [self] positional, _ in
          let numbers = positional.compactMap(\.whole)
          guard numbers.count == positional.count, (1...3).contains(numbers.count) else {
            throw JinjaError("range takes one to three whole numbers")
          }
          let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
          let step = numbers.count == 3 ? numbers[2] : 1
          let limit = 1 << 40
          guard step != 0, [start, end, step].allSatisfy({ abs(max($0, -limit - 1)) <= limit }),
            abs(end - start) / abs(step) <= 100_000
          else { throw JinjaError("range takes at most 100000 steps") }
          return try made(stride(from: start, to: end, by: step).map { .integer($0) })
        }),
      "namespace": .function(
        JinjaFunction { positional, named in
          var values = named
          for case .dictionary(let members) in positional {
            for member in members { values[member.key.printed.string] = member.value }
          }
          return .namespace(JinjaNamespace(values))
        }),
      "strftime_now": .function(
        JinjaFunction { positional, _ in .text(try Self.date(positional.first?.printed.string ?? "")) }),
      "dict": .function(
        JinjaFunction { positional, named in
          var members: [(key: JinjaValue, value: JinjaValue)] = []
          for case .dictionary(let given) in positional { members += given }
          return .dictionary(members + named.sorted { $0.key < $1.key }.map { (.text($0.key), $0.value) })
        }),
    ]
  }

  private static func date(_ format: String) throws -> String {
    let parts: [Character: String] = [
      "Y": "2024", "y": "24", "m": "07", "d": "26", "e": "26", "B": "July", "b": "Jul", "A": "Friday", "a": "Fri",
      "H": "00", "M": "00", "S": "00", "j": "208", "F": "2024-07-26", "%": "%",
    ]
    var pieces = format.replacing("%-d", with: "26").replacing("%-m", with: "7").split(
      separator: "%", omittingEmptySubsequences: false)
    var date = String(pieces.removeFirst())
    for piece in pieces {
      guard let part = piece.first.flatMap({ parts[$0] }) else {
        throw JinjaError("the date format \(quoted(format)) is not supported")
      }
      date += part + piece.dropFirst()
    }
    return date
  }

  /// `value is name(arguments)`
  func test(_ name: String, _ value: JinjaValue, _ arguments: [JinjaValue]) throws -> Bool {
    func argument() throws -> JinjaValue {
      guard let first = arguments.first else { throw JinjaError("the test \(quoted(name)) takes a value") }
      return first
    }
    func number() throws -> Int {
      guard let number = value.whole else { throw JinjaError("\(value.kind) is not a whole number") }
      return number
    }
    switch name {
    case "defined": return !value.isUndefined
    case "undefined": return value.isUndefined
    case "none":
      if case .none = value { return true }
      return false
    case "true", "false":
      if case .bool(let truth) = value { return truth == (name == "true") }
      return false
    case "boolean":
      if case .bool = value { return true }
      return false
    case "string":
      if case .text = value { return true }
      return false
    case "integer":
      if case .integer = value { return true }
      return false
    case "float":
      if case .number = value { return true }
      return false
    case "number": return value.double != nil
    case "mapping":
      if case .dictionary = value { return true }
      return false
    case "sequence", "iterable":
      switch value {
      case .text, .list, .dictionary: return true
      case .undefined: return true
      default: return false
      }
    case "callable":
      if case .function = value { return true }
      return false
    case "equalto", "eq", "==", "sameas": return value.equals(try argument())
    case "ne", "!=": return !value.equals(try argument())
    case "lt", "lessthan", "<": return try compare("<", value, argument())
    case "le", "<=": return try compare("<=", value, argument())
    case "gt", "greaterthan", ">": return try compare(">", value, argument())
    case "ge", ">=": return try compare(">=", value, argument())
    case "in": return try contains(argument(), value)
    case "odd": return try number() % 2 != 0
    case "even": return try number() % 2 == 0
    case "divisibleby":
      guard let divisor = try argument().whole, divisor != 0 else { throw JinjaError("a division by zero") }
      return try number().quotientAndRemainder(dividingBy: divisor).remainder == 0
    case "lower": return value.printed.lowercased == value.printed
    case "upper": return value.printed.uppercased == value.printed
    default: throw JinjaError("the test \(quoted(name)) is not supported")
    }
  }

  /// The method `value.name(…)` of a text, dictionary or list, if it does not change the value.
  func method(_ name: String, of value: JinjaValue) -> JinjaFunction? {
    switch value {
    case .text(let text): return method(name, of: text)
    case .dictionary(let members):
      switch name {
      case "items": return JinjaFunction { _, _ in .list(members.map { .list([$0.key, $0.value]) }) }
      case "keys": return JinjaFunction { _, _ in .list(members.map(\.key)) }
      case "values": return JinjaFunction { _, _ in .list(members.map(\.value)) }
      case "get":
        return JinjaFunction { positional, named in
          guard let key = positional.first else { throw JinjaError("get takes a key") }
          return value.member(key) ?? (positional.count > 1 ? positional[1] : named["default"] ?? .none)
        }
      default: return nil
      }
    case .list(let values):
      switch name {
      case "index":
        return JinjaFunction { positional, _ in
          guard let place = values.firstIndex(where: { $0.equals(positional.first ?? .none) }) else {
            throw JinjaError("the value is not in the list")
          }
          return .integer(place)
        }
      case "count":
        return JinjaFunction { positional, _ in .integer(values.count { $0.equals(positional.first ?? .none) }) }
      default: return nil
      }
    default: return nil
    }
  }

  /// Python's `str.format`, with `{}`, `{0}` and `{name}`.
  private func formatted(_ format: JinjaText, _ arguments: Arguments) throws -> JinjaText {
    var result = JinjaText.empty
    var rest = format
    var next = 0
    while let open = rest.marked.firstIndex(where: { [0x7B, 0x7D].contains(JinjaText.value($0)) }) {
      result += rest[0..<open]
      let sign = rest[open..<open + 1]
      if open + 1 < rest.count, rest[open + 1..<open + 2] == sign {
        result += sign
        rest = rest[open + 2..<rest.count]
        continue
      }
      guard let close = rest.find(JinjaText("}"), from: open), close > open else {
        throw JinjaError("a format has no end")
      }
      let name = rest[open + 1..<close].string
      let place = name.isEmpty ? next : Int(name)
      if name.isEmpty { next += 1 }
      let numbered = place.flatMap { arguments.positional.indices.contains($0) ? arguments.positional[$0] : nil }
      guard let value = numbered ?? arguments.named[name] else {
        throw JinjaError("the format {\(name)} is not supported, or has no value")
      }
      result += value.printed
      rest = rest[close + 1..<rest.count]
    }
    return result + rest
  }

  private func method(_ name: String, of text: JinjaText) -> JinjaFunction? {
    func function(_ body: @escaping ([JinjaText], Arguments) throws -> JinjaValue) -> JinjaFunction {
      JinjaFunction { [self] positional, named in
        let texts: [JinjaText] = positional.compactMap { value in
          if case .text(let text) = value { return text }
          return nil
        }
        try search(text, for: texts.first ?? .empty)
        return try body(texts, (positional, named))
      }
    }
    func needed(_ texts: [JinjaText]) throws -> JinjaText {
      guard let first = texts.first else { throw JinjaError("\(name) takes a text") }
      return first
    }
    /// The argument of `startswith` and `endswith`: one text or a list of texts.
    func affixes(_ arguments: Arguments) throws -> [JinjaText] {
      switch arguments.positional.first {
      case .text(let text): [text]
      case .list(let values): values.map(\.printed)
      default: throw JinjaError("\(name) takes a text")
      }
    }
    switch name {
    case "strip": return function { texts, _ in .text(text.stripped(texts.first)) }
    case "lstrip": return function { texts, _ in .text(text.stripped(texts.first, right: false)) }
    case "rstrip": return function { texts, _ in .text(text.stripped(texts.first, left: false)) }
    case "upper": return function { _, _ in .text(text.uppercased) }
    case "lower": return function { _, _ in .text(text.lowercased) }
    case "capitalize": return function { _, _ in .text(text.capitalized) }
    case "title": return function { _, _ in .text(text.titled) }
    case "startswith": return function { _, all in .bool(try affixes(all).contains { text.starts(with: $0) }) }
    case "endswith": return function { _, all in .bool(try affixes(all).contains { text.ends(with: $0) }) }
    case "split", "rsplit":
      return function { [self] texts, all in
        let limit = (all.positional.count > 1 ? all.positional[1] : all.named["maxsplit"])?.whole ?? -1
        let most = limit < 0 ? Int.max : limit
        if let separator = texts.first, separator.isEmpty { throw JinjaError("split takes a text that is not empty") }
        guard name == "rsplit", let separator = texts.first else {
          return try made(text.split(texts.first, limit: most).map { .text($0) })
        }
        return try made(text.splitFromEnd(separator, limit: most).map { .text($0) })
      }
    case "splitlines":
      return function { [self] _, all in
        try made(text.lines(keepsEnds: all.positional.first?.isTrue ?? false).map { .text($0) })
      }
    case "replace":
      return function { [self] texts, all in
        guard texts.count == 2 else { throw JinjaError("replace takes two texts") }
        return .text(
          try replaced(text, texts[0], texts[1], limit: all.positional.count > 2 ? all.positional[2].whole : nil))
      }
    case "find": return function { texts, _ in .integer(text.find(try needed(texts)) ?? -1) }
    case "rfind": return function { texts, _ in .integer(text.lastFind(try needed(texts)) ?? -1) }
    case "index":
      return function { texts, _ in
        guard let place = text.find(try needed(texts)) else {
          throw JinjaError("the text to find is not in the other text")
        }
        return .integer(place)
      }
    case "count":
      return function { texts, _ in
        let needle = try needed(texts)
        return .integer(needle.isEmpty ? text.count + 1 : text.split(needle).count - 1)
      }
    case "join":
      return function { [self] _, all in
        .text(try made(.joined(try (all.positional.first ?? .list([])).elements().map(\.printed), by: text)))
      }
    case "format": return function { [self] _, all in .text(try made(try formatted(text, all))) }
    case "removeprefix":
      return function { texts, _ in
        let prefix = try needed(texts)
        return .text(text.starts(with: prefix) ? text[prefix.count..<text.count] : text)
      }
    case "removesuffix":
      return function { texts, _ in
        let suffix = try needed(texts)
        return .text(text.ends(with: suffix) ? text[0..<text.count - suffix.count] : text)
      }
    case "isdigit":
      return function { _, _ in
        .bool(!text.isEmpty && text.string.unicodeScalars.allSatisfy { ("0"..."9").contains($0) })
      }
    case "isspace": return function { _, _ in .bool(!text.isEmpty && text.marked.allSatisfy(JinjaText.isSpace)) }
    case "isalpha":
      return function { _, _ in .bool(!text.isEmpty && text.string.unicodeScalars.allSatisfy(\.properties.isAlphabetic))
      }
    default: return nil
    }
  }
}
