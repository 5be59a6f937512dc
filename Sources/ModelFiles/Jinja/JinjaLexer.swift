/// A piece of a template's source.
enum JinjaToken: Equatable {
  case text(String)
  /// `{{` and `}}`
  case outputBegin, outputEnd
  /// `{%` and `%}`
  case statementBegin, statementEnd
  case name(String)
  case string(String)
  case integer(Int)
  case number(Double)
  case symbol(String)
  case end

  /// The token as shown in messages.
  var described: String {
    switch self {
    case .text: "text"
    case .outputBegin: "{{"
    case .outputEnd: "}}"
    case .statementBegin: "{%"
    case .statementEnd: "%}"
    case .name(let name): quoted(name)
    case .string(let text): quoted(text)
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .symbol(let symbol): symbol
    case .end: "the end"
    }
  }
}

/// Splits a template's source into tokens, with `trim_blocks` and `lstrip_blocks` as for chat templates.
struct JinjaLexer {
  private let source: [Unicode.Scalar]
  private var place = 0
  private var line = 1
  private(set) var tokens: [(token: JinjaToken, line: Int)] = []
  /// Whether the next text begins a line.
  private var beginsLine = true

  init(_ template: String) {
    var scalars: [Unicode.Scalar] = []
    var isAfterReturn = false
    for scalar in template.unicodeScalars {
      if scalar != "\n" || !isAfterReturn { scalars.append(scalar == "\r" ? "\n" : scalar) }
      isAfterReturn = scalar == "\r"
    }
    // Jinja drops one newline at the end of a template.
    if scalars.last == "\n" { scalars.removeLast() }
    source = scalars
  }

  mutating func cut() throws -> [(token: JinjaToken, line: Int)] {
    while place < source.count {
      guard let opening = nextOpening() else {
        add(text: place..<source.count)
        place = source.count
        break
      }
      text(before: opening)
      let kind = source[opening + 1]
      advance(to: opening + 2)
      if at("-") || at("+") { advance(to: place + 1) }
      switch kind {
      case "#": try comment()
      case "{": try expression(end: "}}", begin: .outputBegin, .outputEnd)
      default: if try !raw() { try expression(end: "%}", begin: .statementBegin, .statementEnd) }
      }
    }
    tokens.append((.end, line))
    return tokens
  }

  /// The place of the next `{{`, `{%` or `{#`.
  private func nextOpening() -> Int? {
    (place..<source.count).first {
      source[$0] == "{" && $0 + 1 < source.count && ["{", "%", "#"].contains(source[$0 + 1])
    }
  }

  private func at(_ text: String, _ start: Int? = nil) -> Bool {
    source[(start ?? place)...].starts(with: text.unicodeScalars)
  }

  private mutating func advance(to end: Int) {
    line += source[place..<end].count { $0 == "\n" }
    place = end
  }

  private mutating func add(text range: Range<Int>) {
    guard !range.isEmpty else { return }
    tokens.append((.text(String(String.UnicodeScalarView(source[range]))), line))
  }

  private func isSpace(_ place: Int) -> Bool { JinjaText.isSpace(source[place].value) }

  /// Adds the text before a tag, without the white space that the tag removes.
  private mutating func text(before opening: Int) {
    var end = opening
    let sign = opening + 2 < source.count ? source[opening + 2] : " "
    if sign == "-" {
      while end > place, isSpace(end - 1) { end -= 1 }
    } else if sign != "+", source[opening + 1] != "{" {
      // `lstrip_blocks`: the indentation of a statement at the beginning of its line is removed.
      var start = opening
      while start > place, isSpace(start - 1), source[start - 1] != "\n" { start -= 1 }
      if start == place ? beginsLine : source[start - 1] == "\n" { end = start }
    }
    add(text: place..<end)
    advance(to: opening)
  }

  /// Moves past the end of a tag, which begins at `place`, and past the white space that the tag removes.
  private mutating func close(_ end: String, trimsLine: Bool) {
    let takesAll = at("-")
    if takesAll || at("+") { advance(to: place + 1) }
    let keepsLine = place > 0 && source[place - 1] == "+"
    advance(to: place + end.unicodeScalars.count)
    if takesAll {
      while place < source.count, isSpace(place) { advance(to: place + 1) }
    } else if trimsLine, !keepsLine, at("\n") {
      advance(to: place + 1)
    }
    beginsLine = place > 0 && source[place - 1] == "\n"
  }

  private func closes(_ end: String, trimsLine: Bool) -> Bool {
    at(end) || at("-" + end) || (trimsLine && at("+" + end))
  }

  private mutating func comment() throws {
    while place < source.count, !closes("#}", trimsLine: true) { advance(to: place + 1) }
    guard place < source.count else { throw JinjaError("a comment has no end", line: line) }
    close("#}", trimsLine: true)
  }

  /// Reads `{% raw %}`, after which everything is text until `{% endraw %}`; false for any other statement.
  private mutating func raw() throws -> Bool {
    var start = place
    while start < source.count, isSpace(start) { start += 1 }
    guard at("raw", start) else { return false }
    start += 3
    while start < source.count, isSpace(start) { start += 1 }
    guard at("%}", start) || at("-%}", start) else { return false }
    advance(to: start)
    close("%}", trimsLine: true)
    guard
      let end = (place..<source.count).first(where: { place in
        guard at("{%", place) else { return false }
        return word(in: place + 2) == "endraw"
      })
    else { throw JinjaError("{% raw %} has no end", line: line) }
    text(before: end)
    while place < source.count, !closes("%}", trimsLine: true) { advance(to: place + 1) }
    guard place < source.count else { throw JinjaError("{% endraw %} has no end", line: line) }
    close("%}", trimsLine: true)
    return true
  }

  /// The first word of a tag.
  private func word(in start: Int) -> String {
    let rest = source[start...].drop { JinjaText.isSpace($0.value) || $0 == "-" || $0 == "+" }
    return String(String.UnicodeScalarView(rest.prefix { isNamePart($0) }))
  }

  private func isNamePart(_ scalar: Unicode.Scalar) -> Bool { scalar == "_" || scalar.properties.isXIDContinue }

  private mutating func expression(end: String, begin: JinjaToken, _ close: JinjaToken) throws {
    tokens.append((begin, line))
    let trims = close == .statementEnd
    var open = 0
    while true {
      while place < source.count, isSpace(place) { advance(to: place + 1) }
      guard place < source.count else { throw JinjaError("a tag has no end", line: line) }
      if open == 0, closes(end, trimsLine: trims) {
        tokens.append((close, line))
        self.close(end, trimsLine: trims)
        return
      }
      let token = try token()
      if case .symbol(let symbol) = token {
        if ["(", "[", "{"].contains(symbol) { open += 1 }
        if [")", "]", "}"].contains(symbol) { open -= 1 }
      }
      tokens.append((token, line))
    }
  }

  private static let symbols = [
    "//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ".",
    ",", ":", "|",
  ]

  private mutating func token() throws -> JinjaToken {
    let scalar = source[place]
    if scalar == "\"" || scalar == "'" { return .string(try literal(quote: scalar)) }
    if ("0"..."9").contains(scalar) { return try number() }
    if scalar == "_" || scalar.properties.isXIDStart {
      let end = source[place...].firstIndex { !isNamePart($0) } ?? source.count
      defer { advance(to: end) }
      return .name(String(String.UnicodeScalarView(source[place..<end])))
    }
    guard let symbol = Self.symbols.first(where: { at($0) }) else {
      throw JinjaError("\(quoted(String(scalar))) is not understood", line: line)
    }
    advance(to: place + symbol.unicodeScalars.count)
    return .symbol(symbol)
  }

  private mutating func number() throws -> JinjaToken {
    var end = place
    var isWhole = true
    while end < source.count {
      let scalar = source[end]
      if ("0"..."9").contains(scalar) || scalar == "_" {
        end += 1
      } else if isWhole, scalar == ".", end + 1 < source.count, ("0"..."9").contains(source[end + 1]) {
        isWhole = false
        end += 1
      } else if scalar == "e" || scalar == "E", end + 1 < source.count,
        ("0"..."9").contains(source[end + 1])
          || (["+", "-"].contains(source[end + 1]) && end + 2 < source.count && ("0"..."9").contains(source[end + 2]))
      {
        isWhole = false
        end += 2
      } else {
        break
      }
    }
    let text = String(String.UnicodeScalarView(source[place..<end])).replacing("_", with: "")
    advance(to: end)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw JinjaError("\(quoted(text)) is not a number", line: line)
    }
    return .number(value)
  }

  /// Reads a string literal with Python's escapes.
  private mutating func literal(quote: Unicode.Scalar) throws -> String {
    var text = String.UnicodeScalarView()
    var next = place + 1
    while next < source.count, source[next] != quote {
      let scalar = source[next]
      next += 1
      guard scalar == "\\", next < source.count else {
        text.append(scalar)
        continue
      }
      let escaped = source[next]
      next += 1
      switch escaped {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "r": text.append("\r")
      case "b": text.append("\u{8}")
      case "f": text.append("\u{C}")
      case "v": text.append("\u{B}")
      case "a": text.append("\u{7}")
      case "\\", "'", "\"": text.append(escaped)
      case "\n": break
      case "x", "u", "U":
        let count = escaped == "x" ? 2 : escaped == "u" ? 4 : 8
        let digits = String(String.UnicodeScalarView(source[next..<min(next + count, source.count)]))
        guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16),
          let scalar = Unicode.Scalar(value)
        else { throw JinjaError("a text has a wrong escape", line: line) }
        text.append(scalar)
        next += count
      case "0"..."7": throw JinjaError("octal escapes are not supported", line: line)
      default:
        text.append("\\")
        text.append(escaped)
      }
    }
    guard next < source.count else { throw JinjaError("a text has no end", line: line) }
    advance(to: next + 1)
    return String(text)
  }
}
