import Foundation
import TestTraits
import Testing

@testable import Tensors

/// Products of a single row use another kernel than products of many rows. The results are equal.
@Suite(.modelsInProcess, .serialized) struct RowProductTests {
  @TensorActor @Test(arguments: [true, false], [(1, 1), (3, 5), (64, 48), (129, 257)])
  func aRowIsARowOfTheWhole(vectors: Bool, shape: (inner: Int, outer: Int)) throws {
    Engine.setVectorProducts(vectors)
    defer { Engine.setVectorProducts(true) }
    func values(_ count: Int, _ step: Int) -> [Float] { (0..<count).map { Float(($0 * step) % 23) / 7 - 1.5 } }
    let (x, w) = (values(shape.inner, 5), values(shape.inner * shape.outer, 11))
    let row = try Tensor(x, shape: [1, shape.inner])
    // The matrix in both layouts: [outputs, inputs], as in model files, and transposed.
    let one = try row.product(transposed: Tensor(w, shape: [shape.outer, shape.inner])).values()
    let other = try row.product(Tensor(w, shape: [shape.inner, shape.outer])).values()
    for column in 0..<shape.outer {
      let expected = (0..<shape.inner).reduce(0.0) { $0 + Double(x[$1]) * Double(w[column * shape.inner + $1]) }
      let turned = (0..<shape.inner).reduce(0.0) { $0 + Double(x[$1]) * Double(w[$1 * shape.outer + column]) }
      #expect(abs(Double(one[column]) - expected) < 1e-3 && abs(Double(other[column]) - turned) < 1e-3)
    }
  }
}
