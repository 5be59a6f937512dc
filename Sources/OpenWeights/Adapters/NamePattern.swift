/// A regular expression for module names, as in PEFT's configurations. Supports letters, `.`, classes, groups, `|`,
/// `*`, `+`, `?`, `{m,n}`, `^` and `$`.
///
/// Patterns come from untrusted files. They are matched by sets of positions, so that no pattern takes exponential
/// time.
struct NamePattern: Sendable {
  private indirect enum Node: Sendable {
    case scalar(Set<Character>, isNegated: Bool)
    case sequence([Node])
    case choice([Node])
    case repetition(Node, from: Int, to: Int?)
    case start, end
  }

  private let node: Node

  private static let word = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
  private static let digits = Set("0123456789")

  /// - Throws: `ModelError` if the pattern uses unsupported syntax.
  init(_ pattern: String) throws(ModelError) {
    guard pattern.count <= 2000 else { throw ModelError("A pattern of \(pattern.count) letters is too long.") }
    var rest = Array(pattern)[...]
    node = try Self.choice(&rest, depth: 0)
    guard rest.isEmpty else { throw Self.unsupported(pattern) }
  }

  /// Whether the pattern matches the whole name.
  func matches(_ name: String) -> Bool {
    let letters = Array(name)
    return Self.ends(node, [0], letters).contains(letters.count)
  }

  private static func unsupported(_ what: String) -> ModelError {
    ModelError("The pattern \(what.debugDescription) is not supported")
  }

  private static func choice(_ rest: inout ArraySlice<Character>, depth: Int) throws(ModelError) -> Node {
    guard depth < 16 else { throw unsupported(String(rest)) }
    var branches = [try sequence(&rest, depth: depth)]
    while rest.first == "|" {
      rest.removeFirst()
      branches.append(try sequence(&rest, depth: depth))
    }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private static func sequence(_ rest: inout ArraySlice<Character>, depth: Int) throws(ModelError) -> Node {
    var nodes: [Node] = []
    while let first = rest.first, first != "|", first != ")" {
      rest.removeFirst()
      var node: Node
      switch first {
      case ".": node = .scalar([], isNegated: true)
      case "^": node = .start
      case "$": node = .end
      case "\\": node = try escape(&rest)
      case "[": node = try set(&rest)
      case "(":
        if rest.starts(with: "?:") { rest.removeFirst(2) }
        guard rest.first != "?" else { throw unsupported(String(rest)) }
        node = try choice(&rest, depth: depth + 1)
        guard rest.popFirst() == ")" else { throw unsupported(String(rest)) }
      case "*", "+", "?", "{": throw unsupported(String(first))
      default: node = .scalar([first], isNegated: false)
      }
      while let (from, to) = try count(&rest) { node = .repetition(node, from: from, to: to) }
      nodes.append(node)
    }
    return .sequence(nodes)
  }

  private static func count(_ rest: inout ArraySlice<Character>) throws(ModelError) -> (Int, Int?)? {
    let count: (Int, Int?)
    switch rest.first {
    case "*": count = (0, nil)
    case "+": count = (1, nil)
    case "?": count = (0, 1)
    case "{":
      guard let end = rest.firstIndex(of: "}") else { throw unsupported(String(rest)) }
      let bounds = String(rest[(rest.startIndex + 1)..<end]).split(separator: ",", omittingEmptySubsequences: false)
      guard (1...2).contains(bounds.count), let from = Int(bounds[0]), (0...1000).contains(from) else {
        throw unsupported(String(rest))
      }
      let to = bounds.count == 1 ? from : bounds[1].isEmpty ? nil : Int(bounds[1])
      guard to.map({ (from...1000).contains($0) }) ?? (bounds.count == 2 && bounds[1].isEmpty) else {
        throw unsupported(String(rest))
      }
      rest = rest[end...]
      count = (from, to)
    default: return nil
    }
    rest.removeFirst()
    // Greediness does not change whether the whole name matches.
    if rest.first == "?" { rest.removeFirst() }
    return count
  }

  private static func escape(_ rest: inout ArraySlice<Character>) throws(ModelError) -> Node {
    guard let letter = rest.popFirst() else { throw unsupported("\\") }
    switch letter {
    case "d": return .scalar(digits, isNegated: false)
    case "w": return .scalar(word, isNegated: false)
    case "D": return .scalar(digits, isNegated: true)
    case "W": return .scalar(word, isNegated: true)
    default:
      guard !letter.isLetter, !letter.isNumber else { throw unsupported("\\\(letter)") }
      return .scalar([letter], isNegated: false)
    }
  }

  private static func set(_ rest: inout ArraySlice<Character>) throws(ModelError) -> Node {
    let isNegated = rest.first == "^"
    if isNegated { rest.removeFirst() }
    var letters: Set<Character> = []
    guard rest.contains("]") else { throw unsupported("[") }
    while let first = rest.popFirst(), first != "]" {
      if first == "\\" {
        guard case .scalar(let more, false) = try escape(&rest) else { throw unsupported("[") }
        letters.formUnion(more)
      } else if rest.first == "-", let last = rest.dropFirst().first, last != "]" {
        guard let low = first.asciiValue, let high = last.asciiValue, low <= high else { throw unsupported("[") }
        rest.removeFirst(2)
        letters.formUnion((low...high).map { Character(UnicodeScalar($0)) })
      } else {
        letters.insert(first)
      }
    }
    return .scalar(letters, isNegated: isNegated)
  }

  /// The positions at which a match that begins at one of `starts` may end.
  private static func ends(_ node: Node, _ starts: Set<Int>, _ name: [Character]) -> Set<Int> {
    switch node {
    case .scalar(let letters, let isNegated):
      return Set(starts.filter { $0 < name.count && letters.contains(name[$0]) != isNegated }.map { $0 + 1 })
    case .start: return starts.intersection([0])
    case .end: return starts.intersection([name.count])
    case .sequence(let nodes): return nodes.reduce(starts) { ends($1, $0, name) }
    case .choice(let nodes): return nodes.reduce(into: []) { $0.formUnion(ends($1, starts, name)) }
    case .repetition(let node, let from, let to):
      var now = starts
      for _ in 0..<from where !now.isEmpty { now = ends(node, now, name) }
      var all = now
      var turns = from
      while !now.isEmpty, to.map({ turns < $0 }) ?? true {
        now = ends(node, now, name).subtracting(all)
        all.formUnion(now)
        turns += 1
      }
      return all
    }
  }
}
