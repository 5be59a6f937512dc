import Constraints
import OpenWeights
import Testing

@testable import Workbench

@Suite("Constraints in the configuration")
struct AnswerSteeringTests {
  private static func policy(_ keys: String) throws -> AnswerSteering? {
    try Configuration(yaml: yaml(keys), file: "c.yaml").policy.answerSteering
  }

  private static func yaml(_ keys: String) -> String {
    "environment: { kind: arithmetic }\npolicy:\n  kind: mlx\n  model: m.gguf\n" + keys
  }

  @Test func eachKindOfConstraintIsRead() throws {
    #expect(try Self.policy("") == nil)
    #expect(try Self.policy("  power: 1\n") == nil)
    #expect(try Self.policy("  power: 2.5\n") == AnswerSteering(particles: 8, power: 2.5))
    #expect(
      try Self.policy("  particles: 16\n  constraint: { regex: '[ab]+' }\n")
        == AnswerSteering(constraint: .regex("[ab]+"), particles: 16))
    #expect(
      try Self.policy("  constraint: { choices: [yes, no, 7] }\n")
        == AnswerSteering(constraint: .choices(["yes", "no", "7"])))
    #expect(
      try Self.policy("  constraint:\n    grammar: |\n      root ::= \"a\" root | \"b\"\n")?.constraint
        == .grammar("root ::= \"a\" root | \"b\"\n"))
    #expect(
      try Self.policy("  constraint: { schema: '{\"type\": \"integer\"}' }\n")?.constraint
        == .schema("{\"type\": \"integer\"}"))
  }

  @Test func callsOfToolsAreAWord() throws {
    #expect(
      try Self.policy("  format: tools\n  constraint: tools\n  particles: 4\n")
        == AnswerSteering(holdsCalls: true, particles: 4))
    #expect(try Self.policy("  format: tools\n") == nil)
  }

  /// The order of the members is the order of the answer.
  @Test func theMembersOfASchemaKeepTheirOrder() throws {
    let keys = """
        constraint:
          schema:
            type: object
            properties: { z: { const: "1" }, a: { type: integer, maximum: 3 } }
            required: [z, a]
      """
    let constraint = try #require(try Self.policy(keys)?.constraint)
    #expect(try constraint.language().contains(#"{"z":"1","a":3}"#.utf8))
    #expect(try !constraint.language().contains(#"{"a":3,"z":"1"}"#.utf8))
  }

  @Test(arguments: [
    ("  constraint: {}\n", "exactly one of regex, schema, grammar, choices"),
    ("  constraint: { regex: a, choices: [b] }\n", "exactly one of"),
    ("  constraint: tool\n", "policy.constraint is tool; write tools, or a mapping with one of the keys regex, schema"),
    ("  format: tools\n  api: text\n", "policy.format tools cannot be used with api: text"),
    ("  constraint: { regexp: a }\n", "unknown key policy.constraint.regexp; did you mean policy.constraint.regex?"),
    ("  constraint: { choices: [] }\n", "c.yaml:5: policy.constraint.choices: the list is empty"),
    ("  constraint: { choices: { a: b } }\n", "policy.constraint.choices is not a list of texts"),
    (
      "  constraint: { regex: 'ab(?=c)' }\n",
      "c.yaml:5: policy.constraint.regex, character 3: lookahead, (?=…), is not supported; constrain the text itself.\n  ab(?=c)\n    ^"
    ),
    (
      "  constraint:\n    grammar: |\n      root ::= x\n      x ::= \"a\" x\n",
      "policy.constraint.grammar, line 2, column 1: the rule \"x\" never ends"
    ),
    (
      "  constraint: { schema: { properties: { a: { format: date } } } }\n",
      "policy.constraint.schema, #/properties/a: the keyword `format` is not supported; say it with `pattern`"
    ),
    ("  constraint: { regex: '(a{1000}){1000}' }\n", "200000 states"),
    ("  particles: 4\n", "policy.particles needs constraint, or a power other than 1"),
    ("  power: 1\n  particles: 4\n", "policy.particles needs constraint, or a power other than 1"),
    ("  power: 2\n  particles: 1025\n", "policy.particles is 1025; at most 1024"),
    ("  power: 101\n", "policy.power is 101.0; write a number above 0 and at most 100"),
    ("  power: 2\n  temperature: 0\n", "policy.temperature is 0.0; with constraint"),
    ("  constraint: { regex: a }\n  temperature: 1e-40\n", "needs at least 0.001"),
    ("  power: 0\n", "policy.power is 0.0"), ("  power: .nan\n", "policy.power is nan"),
    ("  power: 2\n  particles: 0\n", "policy.particles is 0"),
    ("  power: 2\n  topP: 0.9\n", "policy.topP cannot be used with constraint, particles or power"),
  ])
  func wrong(keys: String, words: String) {
    let error = #expect(throws: ConfigurationError.self) {
      _ = try Configuration(yaml: Self.yaml(keys), file: "c.yaml")
    }
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "accepted")")
  }
}
