/// Reads a grammar in llama.cpp's notation, GBNF.
///
/// A rule ends with its line, except inside parentheses and after `|` or `::=`. Names consist of letters, digits, `-`
/// and `_`. Source: llama.cpp, grammars/README.md.
struct GrammarReader {
  /// Bounds recursion, because a thread's stack is finite.
  private static let deepest = 200

  private var scanner: Scanner
  private var depth = 0
  private var rules = Rules()
  private var numbers: [String: Int] = [:]
  /// Where each rule was first mentioned.
  private var mentions: [Int] = []
  private var defined: Set<Int> = []

  /// The rules of a grammar; the first is `root`.
  static func read(_ text: String) throws(ConstraintError) -> Rules {
    var reader = GrammarReader(scanner: Scanner(text))
    return try reader.grammar()
  }

  /// The error for a rule that no text belongs to.
  static func endless(_ rule: Int, in text: String) -> ConstraintError {
    var reader = GrammarReader(scanner: Scanner(text))
    _ = try? reader.grammar()
    let (name, place) = (reader.rules.names[rule], reader.mentions[rule])
    return reader.refused(
      "the rule \"\(name)\" never ends: no text belongs to it", "give it an alternative that does not lead back to it",
      at: place)
  }

  private init(scanner: Scanner) { self.scanner = scanner }

  private func refused(_ reason: String, _ remedy: String, at place: Int? = nil) -> ConstraintError {
    let before = scanner.scalars[..<min(place ?? scanner.place, scanner.scalars.count)]
    let line = before.count { $0 == "\n" } + 1
    let column = before.count - (before.lastIndex(of: "\n").map { $0 + 1 } ?? 0) + 1
    return ConstraintError(.grammar, at: .line(line, column: column), reason, remedy: remedy)
  }

  private mutating func grammar() throws(ConstraintError) -> Rules {
    _ = number(of: "root", at: 0)
    skipSpace(withLines: true)
    while scanner.current != nil { try rule() }
    guard defined.contains(0) else {
      throw refused("there is no rule \"root\"", "add one: it is what the whole text has to be", at: 0)
    }
    for (number, name) in rules.names.enumerated() where !defined.contains(number) {
      throw refused("the rule \"\(name)\" is not defined", "define it, or correct its name", at: mentions[number])
    }
    return rules
  }

  private mutating func number(of name: String, at place: Int) -> Int {
    if let known = numbers[name] { return known }
    let number = rules.add(name)
    numbers[name] = number
    mentions.append(place)
    return number
  }

  private mutating func rule() throws(ConstraintError) {
    let place = scanner.place
    let name = scanner.take(while: Self.isWord)
    guard !name.isEmpty else {
      throw refused("the name of a rule is expected", "write rules as name ::= …, each on a line of its own")
    }
    skipSpace(withLines: false)
    guard scanner.take("::=") else { throw refused("::= is expected after \"\(name)\"", "write \(name) ::= …") }
    skipSpace(withLines: true)
    let number = number(of: name, at: place)
    guard defined.insert(number).inserted else {
      throw refused("the rule \"\(name)\" is defined twice", "join the definitions with |", at: place)
    }
    mentions[number] = place
    rules.define(number, try choice(isNested: false))
    guard scanner.current == nil || scanner.current == "\n" || scanner.current == "\r" else {
      throw refused("the end of the line is expected", "begin each rule on a new line")
    }
    skipSpace(withLines: true)
  }

  private mutating func choice(isNested: Bool) throws(ConstraintError) -> Expression {
    guard depth < Self.deepest else {
      throw refused("parentheses are nested deeper than \(Self.deepest)", "use more rules")
    }
    depth += 1
    defer { depth -= 1 }
    var branches = [try sequence(isNested: isNested)]
    while scanner.take("|") {
      skipSpace(withLines: true)
      branches.append(try sequence(isNested: isNested))
    }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence(isNested: Bool) throws(ConstraintError) -> Expression {
    var items: [Expression] = []
    while let next = scanner.current {
      let place = scanner.place
      switch next {
      case "\"": items.append(try literal())
      case "[": items.append(.one(of: try characterClass(), .plain))
      case ".":
        scanner.place += 1
        items.append(.one(of: .all, .plain))
      case "(":
        scanner.place += 1
        skipSpace(withLines: true)
        items.append(try choice(isNested: true))
        guard scanner.take(")") else {
          throw refused("a parenthesis is not closed", "add the closing one", at: place)
        }
      case "*", "+", "?", "{":
        guard let last = items.popLast() else {
          throw refused("there is nothing that \(next) could repeat", "put it after what is to be repeated")
        }
        items.append(try repeated(last))
      case "<", "!":
        throw refused("tokens, such as <[1000]>, are not supported", "write the text of the token in quotation marks")
      case _ where Self.isWord(next):
        items.append(.rule(number(of: scanner.take(while: Self.isWord), at: place)))
      default:
        return items.count == 1 ? items[0] : .sequence(items)
      }
      skipSpace(withLines: isNested)
    }
    return items.count == 1 ? items[0] : .sequence(items)
  }

  private mutating func repeated(_ item: Expression) throws(ConstraintError) -> Expression {
    if scanner.take("*") { return .repeated(item, atLeast: 0, atMost: nil) }
    if scanner.take("+") { return .repeated(item, atLeast: 1, atMost: nil) }
    if scanner.take("?") { return .optional(item) }
    let place = scanner.place
    scanner.place += 1
    skipSpace(withLines: false)
    let atLeast = scanner.takeNumber()
    skipSpace(withLines: false)
    let hasComma = scanner.take(",")
    skipSpace(withLines: false)
    let atMost = hasComma ? scanner.takeNumber() : atLeast
    skipSpace(withLines: false)
    guard let atLeast, scanner.take("}") else {
      throw refused("a repetition is malformed", "write {m}, {m,} or {m,n}", at: place)
    }
    if let atMost, atMost < atLeast {
      throw refused(
        "a repetition is at most \(atMost) and at least \(atLeast) times", "put the smaller first", at: place)
    }
    return .repeated(item, atLeast: atLeast, atMost: atMost)
  }

  private mutating func literal() throws(ConstraintError) -> Expression {
    let place = scanner.place
    scanner.place += 1
    var text = String.UnicodeScalarView()
    while scanner.current != "\"" {
      guard scanner.current != nil else {
        throw refused("a quotation mark is not closed", "add the closing one", at: place)
      }
      text.append(try character())
    }
    scanner.place += 1
    return .text(String(text))
  }

  private mutating func characterClass() throws(ConstraintError) -> ScalarSet {
    let place = scanner.place
    scanner.place += 1
    let isInverted = scanner.take("^")
    var members: [ClosedRange<UInt32>] = []
    while let next = scanner.current, next != "]" {
      let start = scanner.place
      let low = try character().value
      guard scanner.current == "-", let after = scanner.ahead(1), after != "]" else {
        members.append(low...low)
        continue
      }
      scanner.place += 1
      let high = try character().value
      guard low <= high else {
        throw refused("a range of characters is in reverse order", "put the smaller character first", at: start)
      }
      members.append(low...high)
    }
    guard scanner.take("]") else { throw refused("a class is not closed", "add the closing bracket", at: place) }
    guard !members.isEmpty else {
      throw refused("a class has no characters", isInverted ? "write . for any character" : "list them", at: place)
    }
    return isInverted ? ScalarSet(members).inverted : ScalarSet(members)
  }

  private mutating func character() throws(ConstraintError) -> Unicode.Scalar {
    guard let next = scanner.current else { throw refused("the grammar ends too early", "complete its last rule") }
    let place = scanner.place
    scanner.place += 1
    guard next == "\\" else { return next }
    guard let letter = scanner.current else { throw refused("the grammar ends too early", "complete its last rule") }
    scanner.place += 1
    let digits: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
    if let count = digits[letter] {
      guard let value = scanner.takeHexadecimal(count), let scalar = Unicode.Scalar(value) else {
        throw refused("an escape does not name a Unicode character", #"write \xNN, \uNNNN or \UNNNNNNNN"#, at: place)
      }
      return scalar
    }
    switch letter {
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "\\", "\"", "[", "]", "-": return letter
    default:
      throw refused("the escape \\\(letter) is unknown", #"write \\ for a backslash"#, at: place)
    }
  }

  private mutating func skipSpace(withLines: Bool) {
    while let next = scanner.current {
      if next == "#" {
        while let next = scanner.current, next != "\n", next != "\r" { scanner.place += 1 }
      } else if next == " " || next == "\t" || withLines && (next == "\n" || next == "\r") {
        scanner.place += 1
      } else {
        return
      }
    }
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
    default: false
    }
  }
}
