/// An expression of a template.
indirect enum JinjaExpression: Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(JinjaText)
  case name(String)
  case list([JinjaExpression])
  case dictionary([(key: JinjaExpression, value: JinjaExpression)])
  case attribute(JinjaExpression, String)
  case item(JinjaExpression, JinjaExpression)
  case slice(JinjaExpression, from: JinjaExpression?, to: JinjaExpression?, step: JinjaExpression?)
  case call(JinjaExpression, JinjaArguments)
  case filter(JinjaExpression, String, JinjaArguments)
  case test(JinjaExpression, String, JinjaArguments)
  case not(JinjaExpression)
  case negative(JinjaExpression)
  /// Operators of one precedence, from left to right: `a + b - c`.
  case arithmetic(JinjaExpression, [(operation: String, operand: JinjaExpression)])
  /// Each operand is compared with the one before: `a < b < c`.
  case comparison(JinjaExpression, [(operation: String, operand: JinjaExpression)])
  case all([JinjaExpression])
  case any([JinjaExpression])
  case conditional(JinjaExpression, if: JinjaExpression, else: JinjaExpression?)
}

struct JinjaArguments: Sendable {
  var positional: [JinjaExpression] = []
  var named: [(name: String, value: JinjaExpression)] = []
}

/// The target of an assignment.
enum JinjaTarget: Sendable {
  case name(String)
  case names([String])
  case attribute(String, String)
}

struct JinjaStatement: Sendable {
  let kind: Kind
  let line: Int

  indirect enum Kind: Sendable {
    case text(JinjaText)
    case output(JinjaExpression)
    case branches([(condition: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
    case loop(JinjaLoop)
    case assignment(JinjaTarget, JinjaExpression)
    /// Assigns the rendered body, after filters.
    case capture(JinjaTarget, filters: [(name: String, arguments: JinjaArguments)], [JinjaStatement])
    case filtered([(name: String, arguments: JinjaArguments)], [JinjaStatement])
    case macro(JinjaMacro)
    /// A new scope with initial values.
    case scope([(name: String, value: JinjaExpression)], [JinjaStatement])
    case breaking
    case continuing
  }
}

struct JinjaLoop: Sendable {
  let target: JinjaTarget
  let elements: JinjaExpression
  let condition: JinjaExpression?
  let isRecursive: Bool
  let body: [JinjaStatement]
  let otherwise: [JinjaStatement]
}

struct JinjaMacro: Sendable {
  let name: String
  let parameters: [(name: String, value: JinjaExpression?)]
  let body: [JinjaStatement]
}
