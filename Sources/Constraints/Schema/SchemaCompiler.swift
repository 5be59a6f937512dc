import Agents
import Foundation

/// Translates a JSON schema (draft 2020-12) into rules. Each subschema becomes one rule, so that `$ref` may recur.
///
/// Keywords that are not enforced exactly are refused by name. What is narrower than JSON Schema is documented in
/// `Documentation/constraints.md`: members come in the order of `properties`, there is no white space, and an object
/// that lists `properties` has no others unless `additionalProperties` says so. In a ``CallConstraint`` a space may
/// follow every comma and colon.
struct SchemaCompiler {
  /// A part of the schema.
  struct Node {
    let value: OrderedJSON
    /// A JSON Pointer.
    let path: String

    func child(_ key: String, _ value: OrderedJSON) -> Node {
      let escaped = key.replacing("~", with: "~0").replacing("/", with: "~1")
      return Node(value: value, path: "\(path)/\(escaped)")
    }
  }

  private let root: OrderedJSON
  /// The parts that most references name, by path and name. There may be many.
  private let definitions: [String: [String: OrderedJSON]]
  private(set) var rules: Rules
  /// What stands between a name and its value, and between members or items.
  let colon, comma: Expression
  private var numbers: [String: Int] = [:]
  private var pending: [(node: Node, rule: Int)] = []
  private var anyValue: Int?
  /// How many more pairs of parts may be compared for `oneOf`.
  var comparisonsLeft = 50_000

  static func recogniser(_ text: String) throws(ConstraintError) -> Recogniser {
    guard let schema = OrderedJSON(parsing: text) else {
      throw refused("#", "the schema is not JSON, or is nested too deeply", "correct it")
    }
    var compiler = SchemaCompiler(root: schema)
    return try compiler.recogniser()
  }

  /// - Parameters:
  ///   - rules: rules that there are already.
  ///   - allowsSpaces: whether a space may follow every comma and colon.
  init(root: OrderedJSON, rules: Rules = Rules(), allowsSpaces: Bool = false) {
    (self.root, self.rules) = (root, rules)
    (colon, comma) = allowsSpaces ? (Self.spaced(":"), Self.spaced(",")) : (.text(":"), .text(","))
    var definitions: [String: [String: OrderedJSON]] = [:]
    for keyword in ["$defs", "definitions"] {
      guard let members = root[keyword]?.members else { continue }
      definitions["#/\(keyword)"] = Dictionary(
        members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
    self.definitions = definitions
  }

  static func refused(_ path: String, _ reason: String, _ remedy: String) -> ConstraintError {
    ConstraintError(.schema, at: .path(path), reason, remedy: remedy)
  }

  private mutating func recogniser() throws(ConstraintError) -> Recogniser {
    _ = try compile()
    let machine = try Constraint.machine(rules, .schema)
    if let rule = machine.barren.last {
      throw Self.refused(
        rules.names[rule], "no value satisfies this part: its `$ref` never ends, or its keywords contradict each other",
        "give it an alternative that ends, or correct its bounds")
    }
    guard let recogniser = Recogniser(machine) else {
      throw Self.refused("#", "no value satisfies the schema", "correct it")
    }
    return recogniser
  }

  /// Adds the rules of the schema.
  ///
  /// - Returns: the number of the rule for the whole.
  mutating func compile() throws(ConstraintError) -> Int {
    let whole = rule(for: Node(value: root, path: "#"))
    // Not by recursion: a chain of references can be long.
    while let (node, rule) = pending.popLast() { rules.define(rule, try expression(node)) }
    return whole
  }

  /// A mark that a space may follow.
  static func spaced(_ mark: String) -> Expression { .texts([mark, mark + " "].map { Array($0.utf8) }) }

  /// The number of the rule for a part, which is compiled once.
  mutating func rule(for node: Node) -> Int {
    if let known = numbers[node.path] { return known }
    let rule = rules.add(node.path)
    numbers[node.path] = rule
    pending.append((node, rule))
    return rule
  }

  /// A rule that is no part of its own.
  mutating func helper(_ path: String, _ body: Expression) -> Int { rules.add(path, body) }

  /// Any JSON value.
  mutating func any() -> Expression {
    if let anyValue { return .rule(anyValue) }
    let value = rules.add("#")
    anyValue = value
    let member = rules.add("#", .sequence([Self.anyString, colon, .rule(value)]))
    let members = Expression.listed(
      [Expression.Part(expression: .rule(member), isOptional: true, repeats: true)], comma: comma)
    let items = Expression.listed(
      [Expression.Part(expression: .rule(value), isOptional: true, repeats: true)], comma: comma)
    rules.define(
      value,
      .choice([
        .texts(["null", "true", "false"].map { Array($0.utf8) }), Self.anyString, NumberRange.anyNumber,
        .sequence([.text("{"), members, .text("}")]), .sequence([.text("["), items, .text("]")]),
      ]))
    return .rule(value)
  }

  /// Any JSON string.
  static let anyString = string(.repeated(.one(of: .all, .json), atLeast: 0, atMost: nil))

  static func string(_ inside: Expression) -> Expression { .sequence([.text("\""), inside, .text("\"")]) }

  /// The part that a `$ref` names.
  func target(of node: Node) throws(ConstraintError) -> Node {
    guard let reference = node.value.text else {
      throw Self.refused(node.path, "`$ref` is not a string", "write a JSON Pointer, such as #/$defs/name")
    }
    guard reference == "#" || reference.hasPrefix("#/") else {
      throw Self.refused(
        node.path, "`$ref` to \(reference) does not stay within the schema", "put what it names into $defs")
    }
    var target = Node(value: root, path: "#")
    for piece in reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false)
    where reference != "#" {
      let key = Self.unescaped(String(piece))
      if let value = definitions[target.path].map({ $0[key] }) ?? target.value[key] {
        target = target.child(key, value)
      } else if let items = target.value.items, let place = Int(key), items.indices.contains(place) {
        target = target.child(key, items[place])
      } else {
        throw Self.refused(node.path, "`$ref` to \(reference) leads nowhere", "correct it")
      }
    }
    return target
  }

  private static func unescaped(_ piece: String) -> String {
    (piece.removingPercentEncoding ?? piece).replacing("~1", with: "/").replacing("~0", with: "~")
  }
}
