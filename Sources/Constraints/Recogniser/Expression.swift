/// The body of a rule. Every constraint is translated into rules.
indirect enum Expression: Sendable {
  /// One of several texts.
  case texts([[UInt8]])
  /// One character of a set.
  case one(of: ScalarSet, Spelling)
  /// One after the other; without elements the empty text.
  case sequence([Expression])
  /// One of them; without elements nothing at all.
  case choice([Expression])
  /// Several times; without limit if `atMost` is nil.
  case repeated(Expression, atLeast: Int, atMost: Int?)
  /// The parts in order with `comma` between them, where optional parts may be left out.
  case listed([Part], comma: Expression)
  /// A text of an automaton.
  case automaton(CharacterAutomaton, Spelling)
  /// Another rule, by its number.
  case rule(Int)

  /// One place of a list.
  struct Part: Sendable {
    let expression: Expression
    var isOptional = false
    /// Whether the part may occur any number of times.
    var repeats = false
  }

  static func text(_ text: String) -> Expression { .texts([Array(text.utf8)]) }
  static func optional(_ expression: Expression) -> Expression { .repeated(expression, atLeast: 0, atMost: 1) }
}

/// Numbered rules. Rule 0 is the whole text.
struct Rules: Sendable {
  private(set) var names: [String] = []
  private(set) var bodies: [Expression] = []

  /// Adds a rule, which may be defined later. Until then it stands for nothing at all.
  mutating func add(_ name: String, _ body: Expression = .choice([])) -> Int {
    names.append(name)
    bodies.append(body)
    return names.count - 1
  }

  /// Says what a rule stands for.
  mutating func define(_ rule: Int, _ body: Expression) { bodies[rule] = body }
}
