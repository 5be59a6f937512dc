import Agents
import Constraints
import OpenWeights
import Yams

extension AnswerSteering {
  /// Reads `constraint`, `particles` and `power`.
  ///
  /// - Returns: nil if none is given, or if they leave the answers as they are.
  static func read(_ yaml: inout YAMLMapping) throws -> AnswerSteering? {
    let help = """
      what the text of an answer has to be: `tools` (one call of a tool that is offered, whose arguments the tool's JSON \
      schema accepts), or one of the keys below. Answers are drawn by Sequential Monte Carlo over tokens, so that they are \
      draws of the model's distribution given the constraint. See [constraints](constraints.md)
      """
    let word = yaml.word("constraint", type: "`tools` or a mapping", default: .none, help)
    if let word, word != "tools" {
      throw ConfigurationError(
        """
        \(yaml.name("constraint")) is \(word.clipped(to: 40)); write tools, or a mapping with one of the keys \
        \(Constraint.Kind.names).
        """)
    }
    let constraint = word == nil ? try yaml.mapping("constraint", default: .none, help, Constraint.read) : nil
    let given = AnswerSteering()
    let particles = try yaml.count(
      "particles", most: Bounds.answerParticles, default: "\(given.particles)",
      "with `constraint`, or a `power` other than 1: particles of each answer. More are closer to the distribution")
    let power = try yaml.number(
      "power", default: "1",
      """
      α: answers are drawn from the model's distribution of whole answers, raised to this power. Above 1 favours what \
      the model holds likely
      """)
    if let problem = problem(power: power, yaml.name("power")) { throw ConfigurationError(problem) }
    guard constraint != nil || word != nil || (power ?? 1) != 1 else {
      if particles != nil {
        throw ConfigurationError(
          """
          \(yaml.name("particles")) needs constraint, or a power other than 1: without them every answer is a plain draw. For \
          particles of whole attempts write steering.particles.
          """)
      }
      return nil
    }
    return AnswerSteering(
      constraint: constraint, holdsCalls: word != nil, particles: particles ?? given.particles,
      power: power ?? given.power)
  }

  /// The problem with a power as a sentence; nil if it is within its bounds.
  package static func problem(power: Double?, _ name: String) -> String? {
    guard let power, !(power > 0 && power <= Bounds.power) else { return nil }
    return "\(name) is \(power); write a number above 0 and at most \(Int(Bounds.power))."
  }
}

extension Constraint.Kind {
  fileprivate static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension Constraint {
  fileprivate static func read(_ yaml: inout YAMLMapping) throws -> Constraint {
    let given = [
      try yaml.constraint(
        "regex", "a text", "a regular expression that the whole text matches", { $0.scalar.map { .regex($0.string) } }),
      try yaml.constraint(
        "schema", "a mapping, or JSON as a text", "a JSON schema. The text is JSON without white space",
        { node in
          if let text = node.scalar { return .schema(text.string) }
          var left = 100_000
          return OrderedJSON(node, left: &left).map { .schema($0.json) }
        }),
      try yaml.constraint(
        "grammar", "a text", "a grammar in llama.cpp's notation, GBNF. The text is a `root`",
        { $0.scalar.map { .grammar($0.string) } }),
      try yaml.constraint(
        "choices", "a list of texts", "the only texts allowed",
        { node in
          guard let items = node.sequence?.map({ $0.scalar?.string }), !items.contains(nil) else { return nil }
          return .choices(items.compactMap(\.self))
        }),
    ].compactMap(\.self)
    // An unknown key says more than a missing one.
    if given.isEmpty { try yaml.finish() }
    guard given.count == 1 else {
      throw ConfigurationError(
        "policy.constraint needs exactly one of \(Kind.names), or is the word tools.")
    }
    return given[0]
  }
}

extension YAMLMapping {
  /// A constraint that can be enforced.
  fileprivate mutating func constraint(
    _ key: String, _ type: KeyType, _ help: String, _ convert: (Node) -> Constraint?
  ) throws -> Constraint? {
    try read(key, type, .none, help, refusing: \.problem, convert)
  }
}

extension Constraint {
  /// Why the constraint cannot be enforced, in words that continue the name of its key.
  var problem: String? {
    do throws(ConstraintError) {
      _ = try language()
      return nil
    } catch {
      let excerpt =
        switch self {
        case .regex(let text), .grammar(let text): error.excerpt(of: text).map { "\n\($0)" }
        case .schema, .choices: String?.none
        }
      return "\(error.place.words): \(error.reason); \(error.remedy).\(excerpt ?? "")"
    }
  }
}
