/// Why an operation on tensors failed, for example shapes that do not fit or exhausted memory.
package struct TensorError: Error, Sendable, Hashable, CustomStringConvertible {
  package let operation: String
  /// The shapes of the operands.
  package let shapes: [[Int]]
  package let message: String

  package init(_ operation: String, shapes: [[Int]] = [], _ message: String) {
    self.operation = operation
    self.shapes = shapes
    self.message = message
  }

  package var description: String {
    let tried = shapes.map { "[\($0.map(String.init).joined(separator: ", "))]" }.joined(separator: " and ")
    return "The tensor operation \(operation)\(tried.isEmpty ? "" : " of \(tried)") failed: \(message)"
  }
}
