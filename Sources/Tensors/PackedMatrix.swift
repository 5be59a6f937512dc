import CMLX

/// A frozen matrix [outputs, inputs] in blocks as small as in its file (4 or 8 bits a value). Products with it round
/// the activations: to 8 bits with blocks of 4 bits, to 16 bits with blocks of 8 bits, in blocks of 32 values. A row's
/// result does not depend on the other rows.
@TensorActor
package final class PackedMatrix {
  nonisolated(unsafe) private let pointer: OpaquePointer
  package let outputs: Int
  package let inputs: Int

  /// Whether this processor has the instructions. Without them matrices stay in 32-bit floats.
  package static var isSupported: Bool { cx_has_packed_products() }

  /// - Parameters:
  ///   - type: ggml's number of the type of the blocks: 2 (Q4_0), 3 (Q4_1) or 8 (Q8_0).
  ///   - blocks: row by row.
  package init(type: UInt32, blocks: [UInt8], outputs: Int, inputs: Int) throws(TensorError) {
    guard
      let pointer = cx_pack(
        Int32(clamping: type), blocks, blocks.count, Int32(clamping: outputs), Int32(clamping: inputs))
    else { throw TensorError("pack", shapes: [[outputs, inputs]], lastError()) }
    self.pointer = pointer
    self.outputs = outputs
    self.inputs = inputs
  }

  deinit { cx_packed_release(pointer) }

  /// x · matrixᵀ for x of [m, inputs]. The gradient of x is computed in 32-bit floats.
  package func product(_ x: Tensor<Float>) throws(TensorError) -> Tensor<Float> {
    let result = withExtendedLifetime((self, x)) { cx_packed_product(pointer, x.handle.pointer) }
    return try checked("packed product", shapes: [x.shape, [outputs, inputs]], result)
  }

  /// Rows by their number, as 32-bit floats.
  package func rows(_ numbers: [Int32]) throws(TensorError) -> Tensor<Float> {
    let result = withExtendedLifetime(self) { cx_packed_rows(pointer, numbers, numbers.count) }
    return try checked("packed rows", shapes: [[outputs, inputs]], result)
  }

  /// A transformer layer's products before its attention, in one operation and without gradients: norm(x) · matrixᵀ
  /// for each matrix.
  package static func products(
    of x: Tensor<Float>, norm: Tensor<Float>, epsilon: Float, _ matrices: [PackedMatrix]
  ) throws(TensorError) -> [Tensor<Float>] {
    var results = [OpaquePointer?](repeating: nil, count: matrices.count)
    let failed = withExtendedLifetime((x, norm, matrices)) {
      cx_packed_inputs(
        x.handle.pointer, norm.handle.pointer, epsilon, matrices.map { Optional($0.pointer) }, matrices.count, &results)
    }
    if failed != 0 { throw TensorError("packed products", shapes: [x.shape, norm.shape], lastError()) }
    return results.compactMap { $0 }.map(Tensor<Float>.init(owning:))
  }

  /// What follows the attention of a transformer layer, in one operation and without gradients:
  /// y + (silu(z · gateᵀ) · (z · upᵀ)) · downᵀ, where y = x + attended · outputᵀ and z = norm(y).
  package static func output(
    of x: Tensor<Float>, attended: Tensor<Float>, norm: Tensor<Float>, epsilon: Float, output: PackedMatrix,
    gate: PackedMatrix, up: PackedMatrix, down: PackedMatrix
  ) throws(TensorError) -> Tensor<Float> {
    let result = withExtendedLifetime((x, attended, norm, output, gate, up, down)) {
      cx_packed_outputs(
        x.handle.pointer, attended.handle.pointer, norm.handle.pointer, epsilon, output.pointer, gate.pointer,
        up.pointer, down.pointer)
    }
    return try checked("packed layer", shapes: [x.shape, attended.shape, norm.shape], result)
  }
}
