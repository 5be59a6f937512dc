/// The size and operations of the problems.
public struct ProblemForm: Sendable, Hashable {
  /// Numbers in a problem, the first included: 2 to 6, one more than lines of working.
  public let terms: Int
  /// The range of the numbers in a problem, within 0...99.
  public let numbers: ClosedRange<Int>
  /// The operations to choose from, each once.
  public let operations: [Problem.Operation]
  /// The largest result of a line of working; the least is 0.
  public static let largestResult = 999

  /// - Parameters:
  ///   - terms: numbers in a problem, 2 to 6; one more than lines of working.
  ///   - numbers: the range they are drawn from, within 0...99.
  ///   - operations: at least one, each once.
  public init(terms: Int, numbers: ClosedRange<Int>, operations: [Problem.Operation]) {
    self.terms = terms
    self.numbers = numbers
    self.operations = operations
  }

  /// Problems that a model of 135M parameters solves in some attempts and not in others.
  public static let standard = ProblemForm(terms: 4, numbers: 2...9, operations: [.add])

  /// Why the form is invalid, in words; nil if it is valid.
  var problem: String? {
    if !(2...6).contains(terms) { return "environment.terms is \(terms); a problem has 2 to 6 numbers." }
    if numbers.lowerBound < 0 || numbers.upperBound > 99 {
      return "environment.numbers is \(numbers.lowerBound)...\(numbers.upperBound); it must be within 0...99."
    }
    if operations.isEmpty || Set(operations).count < operations.count {
      return "environment.operations names none, or one twice; "
        + "the operations are \(Problem.Operation.allCases.map(\.rawValue).joined(separator: ", "))."
    }
    return nil
  }

  var summary: String {
    "\(terms) terms of \(numbers.lowerBound)...\(numbers.upperBound), \(operations.map(\.rawValue).joined(separator: ", "))"
  }
}

/// All problems of a form in a fixed order, counted and accessed without listing them.
struct ProblemSpace: Sendable {
  let form: ProblemForm
  /// The number of problems. At most about 99 · 297⁵, which fits an `Int`.
  let count: Int
  /// The number of continuations, by the number of remaining operations and the current value.
  private let ways: [[Int]]

  /// - Precondition: the form has no ``ProblemForm/problem``.
  init(_ form: ProblemForm) {
    self.form = form
    let values = 0...ProblemForm.largestResult
    var ways = [values.map { _ in 1 }]
    for left in 1..<form.terms {
      ways.append(
        values.map { value in Self.next(after: value, form).reduce(0) { $0 + ways[left - 1][$1.result] } })
    }
    self.ways = ways
    count = form.numbers.reduce(0) { $0 + ways[form.terms - 1][$1] }
  }

  /// - Precondition: `place` is in 0 ..< count.
  subscript(place: Int) -> Problem {
    var rest = place
    var (start, operands): (Int, [Problem.Operand]) = (form.numbers.lowerBound, [])
    for number in form.numbers {
      start = number
      if rest < ways[form.terms - 1][number] { break }
      rest -= ways[form.terms - 1][number]
    }
    var value = start
    for left in (0..<form.terms - 1).reversed() {
      for next in Self.next(after: value, form) {
        guard rest >= ways[left][next.result] else {
          operands.append(next.operand)
          value = next.result
          break
        }
        rest -= ways[left][next.result]
      }
    }
    return Problem(start: start, operands: operands)
  }

  private static func next(after value: Int, _ form: ProblemForm) -> [(operand: Problem.Operand, result: Int)] {
    form.operations.flatMap { operation in
      form.numbers.compactMap { number in
        let result = operation(value, number)
        return (0...ProblemForm.largestResult).contains(result) ? (Problem.Operand(operation, number), result) : nil
      }
    }
  }
}
