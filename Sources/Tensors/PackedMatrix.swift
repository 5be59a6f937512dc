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
}
