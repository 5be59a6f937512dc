import ModelFiles
import Tensors

/// How exactly a model computes.
package enum Precision: String, Sendable, CaseIterable, Codable {
  /// Weights and activations in 32-bit floats.
  case exact
  /// Quantised weights (Q4_0, Q4_1, Q8_0) stay as small as in their file, and the activations that meet them are
  /// rounded to 8 or 16 bits (see ``PackedMatrix``), as llama.cpp does. Other weights, and processors without the
  /// instructions, compute as `exact`.
  case fast
}

/// The frozen matrix of a linear layer, [outputs, inputs].
@TensorActor
enum Weight {
  case floats(Tensor<Float>)
  case packed(PackedMatrix)

  init(_ name: String, _ shape: [Int], of weights: any WeightFile, precision: Precision) throws {
    if precision == .fast, PackedMatrix.isSupported, shape.count == 2, shape[1] % 32 == 0,
      let blocks = try weights.blocks(of: name, in: Self.packable),
      // Scales near the end of half precision cannot be packed.
      let packed = try? PackedMatrix(type: blocks.type, blocks: blocks.bytes, outputs: shape[0], inputs: shape[1])
    {
      self = .packed(packed)
    } else {
      self = .floats(try Tensor(weights.floats(of: name), shape: shape))
    }
  }

  /// ggml's Q4_0, Q4_1 and Q8_0.
  private static let packable: Set<UInt32> = [2, 3, 8]

  /// x · matrixᵀ for x of [rows, inputs].
  func product(_ x: Tensor<Float>) throws(TensorError) -> Tensor<Float> {
    switch self {
    case .floats(let matrix): try x.product(transposed: matrix)
    case .packed(let matrix): try matrix.product(x)
    }
  }

  /// Rows by their number, [numbers, inputs].
  func rows(_ numbers: [Int32]) throws(TensorError) -> Tensor<Float> {
    switch self {
    case .floats(let matrix): try matrix.rows(Tensor(numbers))
    case .packed(let matrix): try matrix.rows(numbers)
    }
  }

  var packed: PackedMatrix? { if case .packed(let matrix) = self { matrix } else { nil } }
}
