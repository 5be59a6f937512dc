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

  /// The result of each line in order. The last is the answer.
  package var results: [Int] {
    var value = start
    return operands.map { operand in
      value = operand.operation(value, operand.number)
      return value
    }
  }

  /// The whole problem in words: `Start with 7. Add 4. Subtract 3.`
  var request: String {
    (["Start with \(start)"] + operands.map { $0.operation.words($0.number) }).joined(separator: ". ") + "."
  }

  /// The beginning of a line of working: `First, 7 + 4 =`, then `Then 11 - 3 =`.
  ///
  /// - Parameter value: the agent's previous result, right or wrong; nil for the first line.
  func stem(_ line: Int, after value: Int?) -> String {
    let operand = operands[line]
    return (value == nil ? "First, " : "Then ") + "\(value ?? start) \(operand.operation.sign) \(operand.number) ="
  }
}
