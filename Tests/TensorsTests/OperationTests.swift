import Foundation
import TestTraits
import Testing

@testable import Tensors

/// Every operation, compared with plain Swift arithmetic in doubles.
@Suite(.modelsInProcess) struct OperationTests {
  init() async { await Engine.setThreads(1) }

  @TensorActor @Test func elementByElement() throws {
    var draws = Draws(1)
    // The size covers several pieces of the custom loops and is no multiple of the vector width.
    let (a, b) = (Plain([131, 257], &draws, in: -3...3), Plain([131, 257], &draws, in: 0.5...3))
    let (x, y) = (try a.tensor, try b.tensor)
    func expect(
      _ tensor: Tensor<Float>, _ name: String, _ tolerance: Double = 1e-6, _ body: (Double, Double) -> Double
    ) throws {
      #expect(tensor.shape == a.shape)
      expectClose(try tensor.values(), zip(a.values, b.values).map { body(Double($0), Double($1)) }, tolerance, name)
    }
    try expect(x + y, "+") { $0 + $1 }
    try expect(x - y, "-") { $0 - $1 }
    try expect(x * y, "*") { $0 * $1 }
    try expect(x / y, "/") { $0 / $1 }
    try expect(x + 2.5, "+ scalar") { a, _ in a + 2.5 }
    try expect(x - 2.5, "- scalar") { a, _ in a - 2.5 }
    try expect(x * -0.75, "* scalar") { a, _ in a * -0.75 }
    try expect(x / 3, "/ scalar") { a, _ in a / 3 }
    try expect(x.maximum(y), "maximum", 0) { max($0, $1) }
    try expect(x.minimum(y), "minimum", 0) { min($0, $1) }
    try expect(x.exponential(), "exp") { a, _ in exp(a) }
    try expect(y.logarithm(), "log") { _, b in log(b) }
    try expect(y.squareRoot(), "sqrt") { _, b in b.squareRoot() }
    try expect(x.squared(), "square") { a, _ in a * a }
    try expect(x.withoutGradient(), "stop gradient", 0) { a, _ in a }
    try expect(x.swiglu(y), "swiglu") { a, b in a / (1 + exp(-a)) * b }
  }

  @TensorActor @Test func swigluIsRightWhereTheExponentialLeavesItsRange() throws {
    let gates: [Float] = [-1e30, -200, -100, -88.5, -87.5, -40, 0, 40, 87.5, 100, 1e30]
    let ones = try Tensor([Float](repeating: 1, count: gates.count))
    let values = try Tensor(gates).swiglu(ones).values()
    expectClose(values, gates.map { Double($0) / (1 + exp(-Double($0))) }, 1e-6)
  }

  @TensorActor @Test func shapes() throws {
    let plain = Plain((0..<24).map(Float.init), [2, 3, 4])
    let x = try plain.tensor
    #expect(try x.reshaped([6, 4]).shape == [6, 4] && x.reshaped([24]).values() == plain.values)
    #expect(try x.reshaped([4, 6]).transposed().values()[1] == 6)
    #expect(try x.rows(Tensor<Int32>([1, 0, 1])).values() == (12..<24).map(Float.init) + (0..<24).map(Float.init))
    #expect(x.count == 24 && x.shape == [2, 3, 4])
    let m = try x.reshaped([4, 6])
    #expect(try m.picking(Tensor<Int32>([0, 5, 2, 3])).values() == [0, 11, 14, 21])
    let both = try Tensor<Float>.concatenated([m, m], axis: 1)
    #expect(try both.shape == [4, 12] && Array(both.values()[6..<12]) == (0..<6).map(Float.init))
    #expect(try Tensor<Float>.concatenated([m, m, m]).shape == [12, 6])
    #expect(try x.sum().scalar() == 276)
    #expect(try x.sum(axis: 1).shape == [2, 4] && x.sum(axis: 1).values() == [12, 15, 18, 21, 48, 51, 54, 57])
    #expect(try x.sum(axis: -1, keepsAxis: true).shape == [2, 3, 1])
    #expect(try Tensor(repeating: 3, shape: [2, 2]).values() == [3, 3, 3, 3])
    #expect(try Tensor<Float>([], shape: [0, 3]).values() == [])
    #expect(try Tensor<Int32>([7, 8], shape: [2, 1]).values() == [7, 8])
    // A row vector is broadcast over the rows, as for a bias.
    #expect(try (m + Tensor([0, 0, 0, 0, 0, 100])).values()[11] == 111)
  }

  @TensorActor @Test(arguments: [(1, 1, 1), (3, 5, 7), (1, 64, 33), (65, 130, 17)])
  func products(m: Int, k: Int, n: Int) throws {
    var draws = Draws(UInt64(m * k * n))
    let (a, b) = (Plain([m, k], &draws), Plain([k, n], &draws))
    var expected: [Double] = []
    for row in 0..<m {
      for column in 0..<n {
        expected.append((0..<k).reduce(0) { $0 + Double(a.values[row * k + $1]) * Double(b.values[$1 * n + column]) })
      }
    }
    // A sum of k products of numbers up to 1, each off by half a unit in the last place.
    let tolerance = Double(k) * Double(Float.ulpOfOne)
    expectClose(try a.tensor.product(b.tensor).values(), expected, tolerance)
    let transposed = try b.tensor.transposed()
    expectClose(try a.tensor.product(transposed: transposed).values(), expected, tolerance)
    let copied = try Tensor(transposed.values(), shape: [n, k])
    expectClose(try a.tensor.product(transposed: copied).values(), expected, tolerance)
  }

  @TensorActor @Test func logSoftmaxAndNorm() throws {
    var draws = Draws(3)
    let (m, n) = (5, 1001)
    let (x, weight) = (Plain([m, n], &draws, in: -30...30), Plain([n], &draws, in: 0.5...2))
    let rows = (0..<m).map { row in x.values[row * n..<(row + 1) * n].map(Double.init) }
    let softmax = rows.flatMap { row in
      let top = row.max() ?? 0
      let sum = log(row.reduce(0) { $0 + exp($1 - top) }) + top
      return row.map { $0 - sum }
    }
    expectClose(try x.tensor.logSoftmax().values(), softmax, 2e-6)
    let normed = rows.flatMap { row in
      let size = (row.reduce(0) { $0 + $1 * $1 } / Double(n) + 1e-5).squareRoot()
      return zip(row, weight.values).map { $0 / size * Double($1) }
    }
    expectClose(
      try x.tensor.rootMeanSquareNormalised(weight: weight.tensor, epsilon: 1e-5).values(), normed, 2e-6)
    // Masked entries have probability 0, and the rest sums to one.
    let masked = try Tensor([0, -1e9, 1, -1e9], shape: [1, 4]).logSoftmax().exponential().values()
    #expect(masked[1] == 0 && masked[3] == 0 && abs(masked[0] + masked[2] - 1) < 1e-6)
    #expect(try Tensor<Float>([], shape: [0, 4]).logSoftmax().values() == [])
  }

  @TensorActor @Test func largeGraphsAreBuiltEvaluatedAndReleased() async throws {
    var x = try Tensor<Float>([1, 2, 3])
    for _ in 0..<20_000 { x = try x + 1 }
    #expect(try x.values() == [20_001, 20_002, 20_003])
    // A graph that was never evaluated is released on another thread with a small stack.
    var unused: Tensor<Float>? = try Tensor<Float>([1, 2, 3])
    for _ in 0..<20_000 { unused = try unused.map { x throws(TensorError) in try x + 1 } }
    let box = Box(value: unused)
    unused = nil
    await Task.detached { box.value = nil }.value
    #expect(try (x - 20_000).values() == [1, 2, 3])
  }

  @TensorActor @Test func memoryIsGivenBack() throws {
    let size = 1 << 20
    let before = Engine.memory
    do {
      let x = try Tensor(repeating: 1, shape: [size]) + 1
      try evaluate([x])
      #expect(Engine.memory >= before + 3 * size)
    }
    // Other suites' tensors may come and go, but are small.
    #expect(Engine.memory < before + 2 * size)
    #expect(!Engine.blas.isEmpty)
  }

  @Test func manyTasksAskAtOnce() async throws {
    let sums = try await withThrowingTaskGroup(of: (Int, Float).self) { group in
      for number in 0..<500 {
        group.addTask {
          let x = try await Tensor([Float](repeating: Float(number), count: 64))
          // The graph is built in one call to the actor and evaluated in another.
          let y = try await x + 1
          return (number, try await y.sum().scalar())
        }
      }
      return try await group.reduce(into: [Int: Float]()) { $0[$1.0] = $1.1 }
    }
    #expect(sums.count == 500 && sums.allSatisfy { $1 == Float(64 * ($0 + 1)) })
  }
}

private final class Box: @unchecked Sendable {
  var value: Tensor<Float>?
  init(value: Tensor<Float>?) { self.value = value }
}
