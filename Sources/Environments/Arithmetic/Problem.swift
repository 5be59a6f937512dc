/// A start number and the operations applied to it in order.
public struct Problem: Sendable, Hashable {
  package struct Operand: Sendable, Hashable {
    package let operation: Operation
    package let number: Int

    package init(_ operation: Operation, _ number: Int) {
      self.operation = operation
      self.number = number
    }
  }

  package let start: Int
  /// At least one.
  package let operands: [Operand]

  package init(start: Int, operands: [Operand]) {
    self.start = start
    self.operands = operands
  }

  package var answer: Int { results.last ?? start }

  /// What each line comes to, in order; the last is the answer.
  package var results: [Int] {
    var value = start
    return operands.map { operand in
      value = operand.operation(value, operand.number)
      return value
    }
  }

  /// All of it at once: `Start with 7. Add 4. Subtract 3.`
  var request: String {
    (["Start with \(start)"] + operands.map { $0.operation.words($0.number) }).joined(separator: ". ") + "."
  }

  /// How a line of working begins: `First, 7 + 4 =`, then `Then 11 - 3 =`.
  ///
  /// - Parameter value: what the line before came to, right or wrong; nil for the first.
  func stem(_ line: Int, after value: Int?) -> String {
    let operand = operands[line]
    return (value == nil ? "First, " : "Then ") + "\(value ?? start) \(operand.operation.sign) \(operand.number) ="
  }
}
