import Foundation
import TestTraits
import Testing

@testable import Tensors

/// Products with matrices in 4- and 8-bit blocks against plain arithmetic on the same weights.
@Suite(
  .modelsInProcess, .enabled("the processor lacks the instructions") { await PackedMatrix.isSupported }, .serialized)
struct PackedMatrixTests {
  /// Random blocks of ggml with their values.
  struct Blocks: CustomTestStringConvertible {
    let type: UInt32, outputs: Int, inputs: Int
    var testDescription: String { "type \(type) [\(outputs), \(inputs)]" }

    func drawn(_ draws: inout Draws) -> (bytes: [UInt8], values: [Float]) {
      var (bytes, values): ([UInt8], [Float]) = ([], [])
      for _ in 0..<outputs * inputs / 32 {
        let (d, m) = (Float16(draws.floats(1)[0] / 16), Float16(draws.floats(1)[0]))
        for half in type == 3 ? [d, m] : [d] {
          bytes += [UInt8(half.bitPattern & 255), UInt8(half.bitPattern >> 8)]
        }
        let quants = (0..<32).map { _ in draws.number(below: type == 8 ? 256 : 16) }
        if type == 8 {
          bytes += quants.map(UInt8.init)
          values += quants.map { Float(d) * Float(Int8(truncatingIfNeeded: $0)) }
        } else {
          bytes += (0..<16).map { UInt8(quants[$0] | quants[$0 + 16] << 4) }
          values += quants.map { type == 3 ? Float(d) * Float($0) + Float(m) : Float(d) * Float($0 - 8) }
        }
      }
      return (bytes, values)
    }

    @TensorActor func matrix(_ bytes: [UInt8]) throws -> PackedMatrix {
      try PackedMatrix(type: type, blocks: bytes, outputs: outputs, inputs: inputs)
    }
  }

  static let shapes = [2, 3, 8].flatMap { type in
    [(1, 32), (8, 64), (13, 96), (192, 576), (576, 1536)].map { Blocks(type: type, outputs: $0.0, inputs: $0.1) }
  }

  @TensorActor @Test(arguments: shapes) func rowsAreTheWeights(blocks: Blocks) throws {
    var draws = Draws(1)
    let (bytes, values) = blocks.drawn(&draws)
    let matrix = try blocks.matrix(bytes)
    #expect(try matrix.rows((0..<Int32(blocks.outputs)).map { $0 }).values() == values)
    expectTensorError("a row too many") { _ = try matrix.rows([Int32(blocks.outputs)]) }
  }

  /// The error is that of rounding the activations of a block to its largest, at 8 or 16 bits.
  @TensorActor @Test(arguments: shapes, [1, 2, 3, 4, 7])
  func productsAreCloseToPlainOnes(blocks: Blocks, rows: Int) throws {
    var draws = Draws(2)
    let (bytes, weights) = blocks.drawn(&draws)
    let x = draws.floats(rows * blocks.inputs)
    let found = try blocks.matrix(bytes).product(Tensor(x, shape: [rows, blocks.inputs])).values()
    let step = 1.0 / (blocks.type == 8 ? 2 * 32767 : 2 * 127)
    var far = 0
    for row in 0..<rows {
      for output in 0..<blocks.outputs {
        var (expected, spread) = (0.0, 0.0)
        for i in 0..<blocks.inputs {
          let weight = Double(weights[output * blocks.inputs + i])
          expected += weight * Double(x[row * blocks.inputs + i])
          spread += weight * weight
        }
        // Errors are uniform within half a step, so six deviations bound them.
        let bound = 6 * step / 3.0.squareRoot() * spread.squareRoot() + 1e-5 * (1 + abs(expected) + spread.squareRoot())
        if !(abs(Double(found[row * blocks.outputs + output]) - expected) <= bound) { far += 1 }
      }
    }
    #expect(far == 0)
  }

  /// To the last bit, so that an answer does not depend on what else is in its batch.
  @TensorActor @Test(arguments: shapes, [1, 2])
  func aRowDoesNotDependOnTheOthers(blocks: Blocks, threads: Int) throws {
    Engine.setThreads(threads)
    defer { Engine.setThreads(1) }
    var draws = Draws(3)
    let matrix = try blocks.matrix(blocks.drawn(&draws).bytes)
    let x = draws.floats(37 * blocks.inputs)
    let all = try matrix.product(Tensor(x, shape: [37, blocks.inputs])).values()
    for (start, count) in [(0, 1), (1, 2), (3, 3), (6, 4), (10, 5), (15, 22)] {
      let some = Array(x[start * blocks.inputs..<(start + count) * blocks.inputs])
      let found = try matrix.product(Tensor(some, shape: [count, blocks.inputs])).values()
      #expect(found == Array(all[start * blocks.outputs..<(start + count) * blocks.outputs]))
    }
  }

  @TensorActor @Test(arguments: [3, 8] as [UInt32]) func numbersAtTheEdge(type: UInt32) throws {
    let blocks = Blocks(type: type, outputs: 9, inputs: 64)
    var draws = Draws(4)
    let matrix = try blocks.matrix(blocks.drawn(&draws).bytes)
    func product(_ x: [Float]) throws -> [Float] { try matrix.product(Tensor(x, shape: [1, 64])).values() }
    #expect(try product(.init(repeating: 0, count: 64)).allSatisfy { $0 == 0 })
    #expect(try product(.init(repeating: .leastNonzeroMagnitude, count: 64)).allSatisfy { $0 == 0 })
    let large = try product(.init(repeating: 1e30, count: 64))
    let unit = try product(.init(repeating: 1, count: 64))
    expectClose(large.map { $0 / 1e30 }, unit.map(Double.init), 1e-5)
    for strange in [Float.nan, .infinity, -.infinity] {
      var x = [Float](repeating: 1, count: 64)
      x[37] = strange
      #expect(try product(x).allSatisfy(\.isNaN))
    }
  }

  /// The gradient is that of the product with the same weights as floats.
  @TensorActor @Test(arguments: shapes, [1, 5]) func gradientsAreThoseOfFloats(blocks: Blocks, rows: Int) throws {
    var draws = Draws(5)
    let (bytes, weights) = blocks.drawn(&draws)
    let matrix = try blocks.matrix(bytes)
    let floats = try Tensor(weights, shape: [blocks.outputs, blocks.inputs])
    let x = try Plain([rows, blocks.inputs], &draws).tensor
    let slopes = try Plain([rows, blocks.outputs], &draws).tensor
    let found = try valueAndGradient(of: [x]) { inputs throws(TensorError) in
      [try (matrix.product(inputs[0]) * slopes).sum()]
    }.gradients[0].values()
    let expected = try valueAndGradient(of: [x]) { inputs throws(TensorError) in
      [try (inputs[0].product(transposed: floats) * slopes).sum()]
    }.gradients[0].values()
    expectClose(found, expected.map(Double.init), 1e-4)
  }

  @TensorActor @Test func blocksMustFit() {
    expectTensorError("too few bytes") {
      _ = try PackedMatrix(type: 3, blocks: .init(repeating: 0, count: 19), outputs: 1, inputs: 32)
    }
    expectTensorError("no multiple of 32") {
      _ = try PackedMatrix(type: 3, blocks: .init(repeating: 0, count: 20), outputs: 1, inputs: 20)
    }
    expectTensorError("another type") {
      _ = try PackedMatrix(type: 12, blocks: .init(repeating: 0, count: 144), outputs: 1, inputs: 256)
    }
    expectTensorError("another width") {
      let matrix = try PackedMatrix(type: 3, blocks: .init(repeating: 0, count: 20), outputs: 1, inputs: 32)
      _ = try matrix.product(Tensor([1, 2], shape: [1, 2]))
    }
  }
}
