import Agents

/// The numbers between bounds, written in decimals. Bounds are compared digit by digit, whatever their length.
enum NumberRange {
  /// Any JSON number.
  static let anyNumber = Expression.sequence([
    .optional(.text("-")), .choice([.text("0"), positive]),
    .optional(.sequence([.text("."), .repeated(digit, atLeast: 1, atMost: nil)])),
    .optional(
      .sequence([
        .one(of: ScalarSet(of: "eE"), .plain), .optional(.one(of: ScalarSet(of: "+-"), .plain)),
        .repeated(digit, atLeast: 1, atMost: nil),
      ])),
  ])

  private static let anyInteger = Expression.choice([.text("0"), .sequence([.optional(.text("-")), positive])])

  private static let digit = Expression.one(of: ScalarSet(of: "0123456789"), .plain)
  private static let positive = Expression.sequence([
    .one(of: ScalarSet(of: "123456789"), .plain), .repeated(digit, atLeast: 0, atMost: nil),
  ])

  /// The numbers that a part of a schema allows. Those with bounds have no exponent and no minus before zero.
  static func expression(_ node: SchemaCompiler.Node, isInteger: Bool) throws(ConstraintError) -> Expression {
    var bounds: [NumberBound] = []
    for side in NumberBound.Side.allCases {
      guard let value = node.value[side.rawValue] else { continue }
      guard case .number(let number) = value, let bound = NumberBound(number.text, side) else {
        throw SchemaCompiler.refused(
          node.path, "`\(side.rawValue)` is not a number of at most \(NumberBound.mostDigits) digits", "correct it")
      }
      bounds.append(bound)
    }
    var divisor = 1
    if let value = node.value["multipleOf"] {
      guard isInteger, let number = value.integer, (1...1_000).contains(number) else {
        throw SchemaCompiler.refused(
          node.path, "`multipleOf` is supported for integers alone, from 1 to 1,000", "leave it out, or correct it")
      }
      divisor = number
    }
    guard !bounds.isEmpty || divisor > 1 else { return isInteger ? anyInteger : anyNumber }
    do {
      let automaton = try CharacterAutomaton(isInteger ? integerPattern : .sequence([integerPattern, fraction]))
      let observer = NumberObserver(bounds, divisor)
      return .automaton(
        try automaton.observed(from: observer) { observer, label in
          guard case .one(let set) = label, let scalar = set.ranges.first?.lowerBound else { return observer }
          return observer.after(UInt8(truncatingIfNeeded: scalar), bounds, divisor)
        } accepts: {
          $0.accepts(bounds)
        }, .plain)
    } catch {
      throw Constraint.oversize(.schema)
    }
  }

  // Each digit is a character of its own here, since bounds tell them apart.
  private static func digits(_ text: String) -> Pattern {
    .choice(text.unicodeScalars.map { .one(of: ScalarSet($0)) })
  }

  private static let integerPattern = Pattern.sequence([
    .repeated(.text("-"), atLeast: 0, atMost: 1),
    .choice([
      .text("0"), .sequence([digits("123456789"), .repeated(digits("0123456789"), atLeast: 0, atMost: nil)]),
    ]),
  ])

  private static let fraction = Pattern.repeated(
    .sequence([.text("."), .repeated(digits("0123456789"), atLeast: 1, atMost: nil)]), atLeast: 0, atMost: 1)
}

/// The state of a number while its digits are read: its sign, and how it compares with the bounds so far.
private struct NumberObserver: Hashable {
  private var isNegative = false
  private var isZero = true
  private var remainder = 0
  private var comparisons: [NumberBound.Comparison]

  init(_ bounds: [NumberBound], _ divisor: Int) {
    comparisons = bounds.map { _ in NumberBound.Comparison() }
  }

  func after(_ character: UInt8, _ bounds: [NumberBound], _ divisor: Int) -> NumberObserver {
    var next = self
    switch character {
    case UInt8(ascii: "-"): next.isNegative = true
    case UInt8(ascii: "."):
      for place in bounds.indices { next.comparisons[place].point(bounds[place]) }
    default:
      let digit = character - UInt8(ascii: "0")
      if digit > 0 { next.isZero = false }
      next.remainder = (remainder * 10 + Int(digit)) % divisor
      for place in bounds.indices { next.comparisons[place].read(digit, bounds[place]) }
    }
    return next
  }

  func accepts(_ bounds: [NumberBound]) -> Bool {
    guard remainder == 0, !(isZero && isNegative) else { return false }
    return zip(bounds, comparisons).allSatisfy { bound, comparison in
      let order: Int
      if isNegative != bound.isNegative {
        order = isNegative ? -1 : 1
      } else {
        order = isNegative ? -comparison.order(bound) : comparison.order(bound)
      }
      return bound.side.allows(order)
    }
  }
}
