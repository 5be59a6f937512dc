/// Reads a regular expression in the notation that Python, ECMAScript and RE2 share.
///
/// Constructs that are not regular, and those whose meaning differs between dialects, are refused by name.
struct RegexReader {
  /// Bounds recursion, because a thread's stack is finite.
  private static let deepest = 200

  /// Why an expression is refused. The constraint that it is a part of says where it stands.
  struct Refusal: Error {
    /// The offending character, counted from 0.
    let place: Int
    let reason: String
    let remedy: String
  }

  var scanner: Scanner
  private var depth = 0

  static func read(_ text: String) throws(Refusal) -> Pattern {
    var reader = RegexReader(scanner: Scanner(text))
    let pattern = try reader.choice()
    guard reader.scanner.current == nil else {
      throw reader.refused("a closing parenthesis has no opening one", #"write \) for the character"#)
    }
    return pattern
  }

  private init(scanner: Scanner) { self.scanner = scanner }

  func refused(_ reason: String, _ remedy: String, at place: Int? = nil) -> Refusal {
    Refusal(place: place ?? scanner.place, reason: reason, remedy: remedy)
  }

  private mutating func choice() throws(Refusal) -> Pattern {
    guard depth < Self.deepest else {
      throw refused("groups are nested deeper than \(Self.deepest)", "nest them less deeply")
    }
    depth += 1
    defer { depth -= 1 }
    var branches = [try sequence()]
    while scanner.take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(Refusal) -> Pattern {
    var items: [Pattern] = []
    while let next = scanner.current, next != "|", next != ")" {
      let item = try atom()
      items.append(try repeated(item))
    }
    return items.count == 1 ? items[0] : .sequence(items)
  }

  private mutating func atom() throws(Refusal) -> Pattern {
    guard let next = scanner.current else { return .empty }
    let place = scanner.place
    scanner.place += 1
    switch next {
    case ".": return .one(of: ScalarSet("\n").inverted)
    case "^": return .start
    case "$": return .end
    case "[":
      scanner.place = place
      return .one(of: try characterClass())
    case "(":
      scanner.place = place
      return try group()
    case "\\":
      scanner.place = place
      return try escape()
    case "*", "+", "?":
      throw refused("there is nothing that \(next) could repeat", #"write \\#(next) for the character"#, at: place)
    case "{":
      guard try quantifier(at: place) == nil else {
        throw refused("there is nothing to repeat", #"write \{ for the character"#, at: place)
      }
      scanner.place = place + 1
      return .one(of: ScalarSet(next))
    default: return .one(of: ScalarSet(next))
    }
  }

  private mutating func group() throws(Refusal) -> Pattern {
    let place = scanner.place
    let unsupported: [(String, String, String)] = [
      ("(?=", "lookahead", "constrain the text itself"), ("(?!", "lookahead", "list what is allowed"),
      ("(?<=", "lookbehind", "constrain the text itself"), ("(?<!", "lookbehind", "list what is allowed"),
      ("(?>", "an atomic group", "write (?:…)"), ("(?(", "a conditional group", "write both cases with |"),
      ("(?P=", "a back reference", "a regular language has no memory of what was read"),
      ("(?P>", "recursion", "write a grammar"), ("(?R", "recursion", "write a grammar"),
      ("(?#", "a comment", "leave it out"), ("(*", "a verb", "leave it out"),
    ]
    for (opening, name, remedy) in unsupported where scanner.take(opening) {
      throw refused("\(name), \(opening)…), is not supported", remedy, at: place)
    }
    if scanner.take("(?P<") || scanner.take("(?<") {
      let name = scanner.take { $0 != ">" && $0 != ")" }
      guard !name.isEmpty, scanner.take(">") else {
        throw refused("the name of a group is not closed", "write (?<name>…)", at: place)
      }
    } else if !scanner.take("(?:") {
      if scanner.ahead(1) == "?" {
        throw refused(
          "flags such as (?i) are not supported", "write out what they mean, such as [Aa] for either case", at: place)
      }
      scanner.place += 1
    }
    let inner = try choice()
    guard scanner.take(")") else { throw refused("a group is not closed", "add the closing parenthesis", at: place) }
    return inner
  }

  private mutating func repeated(_ item: Pattern) throws(Refusal) -> Pattern {
    let place = scanner.place
    guard let (atLeast, atMost) = try quantifier(at: place) else { return item }
    switch item {
    case .start, .end: throw refused("an anchor cannot be repeated", "leave the repetition out", at: place)
    default: break
    }
    if scanner.current == "+" {
      throw refused("possessive repetition is not supported", "leave the second + out")
    }
    // A lazy repetition matches the same texts.
    _ = scanner.take("?")
    if scanner.current == "*" || scanner.current == "+" || scanner.current == "?" {
      throw refused("a repetition is repeated", "put the inner one into a group, (?:…)")
    }
    let again = scanner.place
    if try quantifier(at: again) != nil {
      throw refused("a repetition is repeated", "put the inner one into a group, (?:…)", at: again)
    }
    return .repeated(item, atLeast: atLeast, atMost: atMost)
  }

  /// Reads a repetition. A brace that does not begin one is a character, as in Python.
  private mutating func quantifier(at place: Int) throws(Refusal) -> (atLeast: Int, atMost: Int?)? {
    scanner.place = place
    if scanner.take("*") { return (0, nil) }
    if scanner.take("+") { return (1, nil) }
    if scanner.take("?") { return (0, 1) }
    guard scanner.take("{") else { return nil }
    let atLeast = scanner.takeNumber()
    let hasComma = scanner.take(",")
    let atMost = hasComma ? scanner.takeNumber() : atLeast
    guard scanner.take("}"), atLeast != nil || atMost != nil else {
      scanner.place = place
      return nil
    }
    guard let atLeast else {
      throw refused("dialects read {,n} differently", "write {0,n}", at: place)
    }
    if let atMost, atMost < atLeast {
      throw refused(
        "a repetition is at most \(atMost) and at least \(atLeast) times", "put the smaller first", at: place)
    }
    return (atLeast, atMost)
  }
}
