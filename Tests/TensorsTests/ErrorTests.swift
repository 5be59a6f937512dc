import Foundation
import TestTraits
import Testing

@testable import Tensors

/// Arguments that do not fit give an error with an explanation and never a crash.
@Suite(.modelsInProcess) struct ErrorTests {
  init() async { await Engine.setThreads(1) }

  @TensorActor @Test func shapesThatDoNotFit() throws {
    let (a, b) = (try Tensor(repeating: 1, shape: [2, 3]), try Tensor(repeating: 1, shape: [4, 5]))
    let vector = try Tensor(repeating: 1, shape: [3])
    expectTensorError("too few values") { _ = try Tensor<Float>([1, 2], shape: [3]) }
    expectTensorError("negative extent") { _ = try Tensor<Float>([], shape: [-1]) }
    expectTensorError("extents that overflow") { _ = try Tensor<Float>([], shape: [.max, .max]) }
    expectTensorError("huge") { _ = try Tensor(repeating: 0, shape: [.max, .max]).values() }
    expectTensorError("+") { _ = try a + b }
    expectTensorError("maximum") { _ = try a.maximum(b) }
    expectTensorError("product") { _ = try a.product(b) }
    expectTensorError("transposed product") { _ = try a.product(transposed: b) }
    expectTensorError("reshape") { _ = try a.reshaped([7]) }
    expectTensorError("reshape to less than nothing") { _ = try a.reshaped([-2, -3]) }
    expectTensorError("sum over no axis") { _ = try a.sum(axis: 2) }
    expectTensorError("sum over an absurd axis") { _ = try a.sum(axis: .max) }
    expectTensorError("sum over an absurd axis") { _ = try a.sum(axis: .min) }
    expectTensorError("concatenation") { _ = try Tensor<Float>.concatenated([a, b]) }
    expectTensorError("concatenation of nothing") { _ = try Tensor<Float>.concatenated([]) }
    expectTensorError("concatenation along no axis") { _ = try Tensor<Float>.concatenated([a, a], axis: .max) }
    expectTensorError("norm") { _ = try a.rootMeanSquareNormalised(weight: b, epsilon: 1e-5) }
    expectTensorError("norm by a wrong weight") {
      _ = try a.rootMeanSquareNormalised(weight: Tensor(repeating: 1, shape: [4]), epsilon: 1e-5)
    }
    expectTensorError("swiglu") { _ = try a.swiglu(b) }
    expectTensorError("log softmax of a vector") { _ = try vector.logSoftmax() }
    expectTensorError("log softmax of nothing") { _ = try Tensor<Float>([], shape: [2, 0]).logSoftmax() }
    expectTensorError("scalar of many") { _ = try a.scalar() }
  }

  @TensorActor @Test(arguments: [[4], [-1], [0, 1, Int32.max], [Int32.min]])
  func rowsThatAreNotThere(numbers: [Int32]) throws {
    let table = try Tensor((0..<12).map(Float.init), shape: [4, 3])
    expectTensorError("rows \(numbers)") { _ = try table.rows(Tensor(numbers)).values() }
    expectTensorError("picking \(numbers)") {
      _ = try Tensor(repeating: 1, shape: [numbers.count, 4]).picking(Tensor(numbers)).values()
    }
  }

  @TensorActor @Test func picksThatDoNotFit() throws {
    let table = try Tensor((0..<12).map(Float.init), shape: [4, 3])
    expectTensorError("fewer picks than rows") { _ = try table.picking(Tensor([0, 1])).values() }
    expectTensorError("one pick for many rows") { _ = try table.picking(Tensor([0])).values() }
    expectTensorError("more picks than rows") { _ = try table.picking(Tensor([0, 0, 0, 0, 0])).values() }
    expectTensorError("picks in a matrix") {
      _ = try table.picking(Tensor([0, 0, 0, 0], shape: [4, 1])).values()
    }
    expectTensorError("picks of a vector") { _ = try table.reshaped([12]).picking(Tensor([0])).values() }
    expectTensorError("rows of a scalar") { _ = try Tensor(repeating: 1).rows(Tensor([0])).values() }
  }

  @TensorActor @Test func attentionThatDoesNotFit() throws {
    func attended(
      rows: Int = 6, width: Int = 8, narrow: Int = 4, heads: Int = 2, shared: Int = 1, angles: Int? = nil,
      segments: [Int] = [4, 2], parent: Int? = nil
    ) throws {
      let angle = try Tensor(repeating: 0, shape: [rows, angles ?? 2])
      let input = AttentionInput(
        queries: try Tensor(repeating: 1, shape: [6, width]), keys: try Tensor(repeating: 1, shape: [6, narrow]),
        values: try Tensor(repeating: 1, shape: [6, narrow]), heads: heads, sharedHeads: shared)
      var all = segments.map { Segment($0) }
      if let parent { all[all.count - 1].parent = parent }
      _ = try input.attended(RotaryAngles(cosine: angle, sine: angle), segments: all).values()
    }
    try attended()
    try attended(parent: 0)
    expectTensorError("a segment that continues itself") { try attended(parent: 1) }
    expectTensorError("a segment that continues a later one") { try attended(parent: .max) }
    expectTensorError("rows") { try attended(segments: [4, 3]) }
    expectTensorError("an empty segment") { try attended(segments: [6, 0]) }
    expectTensorError("a negative segment") { try attended(segments: [7, -1]) }
    expectTensorError("no segments") { try attended(segments: []) }
    expectTensorError("an absurd segment") { try attended(segments: [.max, 6]) }
    expectTensorError("no heads") { try attended(heads: 0) }
    expectTensorError("absurd heads") { try attended(heads: .max, shared: .max) }
    expectTensorError("no shared heads") { try attended(shared: 0) }
    expectTensorError("heads that are no multiple") { try attended(width: 12, narrow: 8, heads: 3, shared: 2) }
    expectTensorError("an odd head") { try attended(width: 6, narrow: 3) }
    expectTensorError("angles") { try attended(angles: 3) }
    expectTensorError("angles of fewer rows") { try attended(rows: 5) }
  }

  @TensorActor @Test func cachedAttentionThatDoesNotFit() throws {
    let store = try KeyValueStore(layers: 2, sharedHeads: 1, headDimension: 4, blockTokens: 4)
    try store.reserve(3)
    func attended(
      _ sequences: [KeyValueStore.Sequence], layer: Int = 0, width: Int = 8, rows: Int = 2, heads: Int = 2
    ) throws {
      let angle = try Tensor(repeating: 0, shape: [rows, 2])
      let narrow = try Tensor(repeating: 1, shape: [rows, 4])
      let input = AttentionInput(
        queries: try Tensor(repeating: 1, shape: [rows, width]), keys: narrow, values: narrow, heads: heads,
        sharedHeads: 1)
      _ = try input.attended(
        RotaryAngles(cosine: angle, sine: angle), in: store, layer: layer, sequences: sequences
      ).values()
    }
    let right = KeyValueStore.Sequence(fresh: 2, past: 0, blocks: [0])
    try attended([right])
    expectTensorError("a block that is not there") { try attended([.init(fresh: 2, past: 0, blocks: [3])]) }
    expectTensorError("a negative block") { try attended([.init(fresh: 2, past: 0, blocks: [-1])]) }
    expectTensorError("an absurd block") { try attended([.init(fresh: 2, past: 0, blocks: [.max])]) }
    expectTensorError("too few blocks") { try attended([.init(fresh: 2, past: 3, blocks: [0])]) }
    expectTensorError("a negative past") { try attended([.init(fresh: 2, past: -1, blocks: [0])]) }
    expectTensorError("an absurd past") { try attended([.init(fresh: 2, past: .max, blocks: [0])]) }
    expectTensorError("no fresh rows") { try attended([.init(fresh: 0, past: 1, blocks: [0])]) }
    expectTensorError("other rows") { try attended([.init(fresh: 1, past: 1, blocks: [0])]) }
    expectTensorError("no such layer") { try attended([right], layer: 2) }
    expectTensorError("an absurd layer") { try attended([right], layer: .max) }
    expectTensorError("another width") { try attended([right], width: 6) }
    expectTensorError("no heads") { try attended([right], heads: 0) }
    expectTensorError("a negative reservation") { try store.reserve(-1) }
    expectTensorError("a store of odd heads") {
      _ = try KeyValueStore(layers: 1, sharedHeads: 1, headDimension: 3)
    }
    expectTensorError("a store of nothing") { _ = try KeyValueStore(layers: 0, sharedHeads: 1, headDimension: 4) }
  }

  @TensorActor @Test func gradientsThatCannotBe() throws {
    let x = try Tensor<Float>([1, 2, 3])
    expectTensorError("of no scalar") {
      _ = try valueAndGradient(of: [x]) { inputs throws(TensorError) in [try inputs[0] * 2] }
    }
    expectTensorError("with respect to nothing") {
      _ = try valueAndGradient(of: []) { _ throws(TensorError) in [try x.sum()] }
    }
    expectTensorError("of nothing") { _ = try valueAndGradient(of: [x], outputs: 0) { _ in [] } }
    expectTensorError("of less than nothing") { _ = try valueAndGradient(of: [x], outputs: -1) { _ in [] } }
    expectTensorError("of fewer outputs than said") {
      _ = try valueAndGradient(of: [x], outputs: 2) { inputs throws(TensorError) in [try inputs[0].sum()] }
    }
    expectTensorError("a checkpoint of less than nothing") { _ = try checkpointed([x], outputs: -1) { _ in [] } }
    // The function's own error is rethrown unchanged.
    let own = TensorError("mine", "This is mine.")
    #expect(throws: own) { try valueAndGradient(of: [x]) { _ throws(TensorError) in throw own } }
    #expect(throws: own) { try checkpointed([x]) { _ throws(TensorError) in throw own } }
    // The engine still works afterwards.
    let (values, gradients) = try valueAndGradient(of: [x]) { inputs throws(TensorError) in
      [try inputs[0].squared().sum()]
    }
    #expect(try values[0].scalar() == 14 && gradients[0].values() == [2, 4, 6])
  }

  @TensorActor @Test func errorsSayWhatWasTried() throws {
    let error = #expect(throws: TensorError.self) {
      try Tensor(repeating: 1, shape: [2, 3]).product(Tensor(repeating: 1, shape: [4, 5]))
    }
    #expect(error?.operation == "product" && error?.shapes == [[2, 3], [4, 5]])
    #expect("\(error ?? TensorError("", ""))".contains("product of [2, 3] and [4, 5]"))
  }

  @TensorActor @Test func aStoreMayGoBeforeItsPassIsComputed() throws {
    let angle = try Tensor(repeating: 0, shape: [2, 2])
    let rows = try Tensor(repeating: 1, shape: [2, 4])
    func pass() throws -> Tensor<Float> {
      let store = try KeyValueStore(layers: 1, sharedHeads: 1, headDimension: 4, blockTokens: 4)
      try store.reserve(1)
      return try AttentionInput(queries: rows, keys: rows, values: rows, heads: 1, sharedHeads: 1).attended(
        RotaryAngles(cosine: angle, sine: angle), in: store, layer: 0,
        sequences: [.init(fresh: 2, past: 0, blocks: [0])])
    }
    expectClose(try pass().values(), [Double](repeating: 1, count: 8))
  }
}
