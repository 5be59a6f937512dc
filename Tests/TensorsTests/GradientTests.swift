import Foundation
import TestTraits
import Testing

@testable import Tensors

/// The gradient of every differentiable operation, compared with central finite differences.
@Suite(.modelsInProcess) struct GradientTests {
  init() async { await Engine.setThreads(1) }

  @TensorActor @Test func elementByElement() throws {
    var draws = Draws(11)
    let (x, y) = (Plain([3, 4], &draws), Plain([3, 4], &draws, in: 1...2))
    let row = Plain([4], &draws)
    try expectGradient(of: [x, y]) { x throws(TensorError) in try x[0] + x[1] }
    try expectGradient(of: [x, row]) { x throws(TensorError) in try x[0] + x[1] }
    try expectGradient(of: [x, y]) { x throws(TensorError) in try x[0] - x[1] * 3 }
    try expectGradient(of: [x, y]) { x throws(TensorError) in try x[0] * x[1] }
    try expectGradient(of: [x, y]) { x throws(TensorError) in try x[0] / x[1] }
    try expectGradient(of: [x]) { x throws(TensorError) in try x[0].exponential() }
    try expectGradient(of: [y]) { x throws(TensorError) in try x[0].logarithm() }
    try expectGradient(of: [y]) { x throws(TensorError) in try x[0].squareRoot() }
    try expectGradient(of: [x]) { x throws(TensorError) in try x[0].squared() }
    try expectGradient(of: [x]) { x throws(TensorError) in try x[0].sum(axis: 1) }
    try expectGradient(of: [x]) { x throws(TensorError) in try x[0].transposed().reshaped([2, 6]) }
    try expectGradient(of: [x, y]) { x throws(TensorError) in try .concatenated([x[0], x[1], x[0]], axis: 1) }
    try expectGradient(of: [x, y]) { x throws(TensorError) in try x[0].swiglu(x[1]) }
  }

  @TensorActor @Test func whereItHasACorner() throws {
    // The two inputs differ by far more than a step.
    let (a, b) = (Plain([1, 2, 3, 4], [4]), Plain([2, 1, 4, 3], [4]))
    try expectGradient(of: [a, b]) { x throws(TensorError) in
      try x[0].maximum(x[1]) * 2 + x[0].minimum(x[1])
    }
  }

  @TensorActor @Test func noGradientFlowsThroughWhatStopsIt() throws {
    let x = try Tensor<Float>([1, 2, 3])
    let (_, gradients) = try valueAndGradient(of: [x]) { x throws(TensorError) in
      [try (x[0] * x[0].withoutGradient()).sum()]
    }
    #expect(try gradients[0].values() == [1, 2, 3])
  }

  @TensorActor @Test func products() throws {
    var draws = Draws(12)
    let (a, b, c) = (Plain([3, 5], &draws), Plain([5, 4], &draws), Plain([4, 5], &draws))
    try expectGradient(of: [a, b], magnitude: 5) { x throws(TensorError) in try x[0].product(x[1]) }
    try expectGradient(of: [a, c], magnitude: 5) { x throws(TensorError) in try x[0].product(transposed: x[1]) }
  }

  @TensorActor @Test func rowsAndPicks() throws {
    var draws = Draws(13)
    let x = Plain([5, 4], &draws)
    // Gradients of a row that is taken twice add up.
    let rows = try Tensor<Int32>([4, 0, 4, 2])
    try expectGradient(of: [Plain(Array(x.values[0..<20]), [5, 4])]) { x throws(TensorError) in
      // The factor varies the gradient. Rows 1 and 3 are not among `rows`, so only the factor gives them a gradient.
      try x[0].rows(rows) * x[0].rows(Tensor<Int32>([1, 1, 3, 3]))
    }
    let picks = try Tensor<Int32>([3, 0, 2, 2, 1])
    try expectGradient(of: [x]) { x throws(TensorError) in try x[0].picking(picks).squared() }
  }

  @TensorActor @Test func logSoftmaxAndNorm() throws {
    var draws = Draws(14)
    let (x, weight) = (Plain([3, 7], &draws, in: -2...2), Plain([7], &draws, in: 0.5...2))
    try expectGradient(of: [x], magnitude: 4) { x throws(TensorError) in try x[0].logSoftmax() }
    try expectGradient(of: [x, weight], magnitude: 4) { x throws(TensorError) in
      try x[0].rootMeanSquareNormalised(weight: x[1], epsilon: 1e-5)
    }
  }

  /// Several segments, grouped heads and rotary angles, with and without segments that others continue.
  @TensorActor
  @Test(arguments: [
    [Segment(5)], [Segment(4), Segment(1), Segment(3)],
    [Segment(3), Segment(2, after: 0), Segment(1), Segment(2, after: 0), Segment(2, after: 1)],
  ])
  func attention(segments: [Segment]) throws {
    let (heads, shared, d) = (4, 2, 4)
    let rows = segments.reduce(0) { $0 + $1.count }
    var draws = Draws(UInt64(15 + rows))
    let inputs = [
      Plain([rows, heads * d], &draws), Plain([rows, shared * d], &draws, in: -1.5...1.5),
      Plain([rows, shared * d], &draws),
    ]
    let angles = draws.floats(rows * d / 2, in: 0...6)
    let (cosine, sine) = (
      try Tensor(angles.map { Float(cos(Double($0))) }, shape: [rows, d / 2]),
      try Tensor(angles.map { Float(sin(Double($0))) }, shape: [rows, d / 2])
    )
    try expectGradient(of: inputs, step: 1.0 / 32) { x throws(TensorError) in
      try AttentionInput(queries: x[0], keys: x[1], values: x[2], heads: heads, sharedHeads: shared)
        .attended(RotaryAngles(cosine: cosine, sine: sine), segments: segments)
    }
  }

  @TensorActor @Test func checkpointsChangeNoGradient() throws {
    var draws = Draws(16)
    let (x, w) = (Plain([4, 6], &draws), Plain([6, 6], &draws))
    func body(_ x: [Tensor<Float>]) throws(TensorError) -> [Tensor<Float>] {
      let wide = try x[0].product(transposed: x[1])
      return [try wide.swiglu(wide).logSoftmax(), try wide.squared()]
    }
    let inputs = [try x.tensor, try w.tensor]
    func gradients(_ kept: Bool) throws -> ([Float], [[Float]]) {
      let (values, gradients) = try valueAndGradient(of: inputs) { x throws(TensorError) in
        let first = try kept ? body(x) : checkpointed(x, outputs: 2, body)
        let second = try kept ? body([first[0], x[1]]) : checkpointed([first[0], x[1]], outputs: 2, body)
        return [try (second[0] * first[1]).sum() + second[1].sum()]
      }
      return (try values[0].values(), try gradients.map { try $0.values() })
    }
    let (plain, again) = (try gradients(true), try gradients(false))
    #expect(plain.0 == again.0 && plain.1 == again.1)
    #expect(plain.1.allSatisfy { $0.contains { abs($0) > 1e-3 } })
  }

  @TensorActor @Test func trainingLeaksNoMemory() throws {
    let x = try Tensor(repeating: 0.5, shape: [64, 256])
    func step() throws {
      let (values, gradients) = try valueAndGradient(of: [x]) { x throws(TensorError) in
        [try checkpointed(x) { y throws(TensorError) in [try y[0].swiglu(y[0]).logSoftmax().squared()] }[0].sum()]
      }
      try evaluate(values + gradients)
    }
    try step()
    let before = Engine.memory
    for _ in 0..<50 { try step() }
    // The growth is less than one array of the step. Other suites' tensors come and go, and are small.
    #expect(Engine.memory < before + 64 * 256 * 4)
  }
}
