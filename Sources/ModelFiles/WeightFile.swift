/// The tensors of a model under Hugging Face's names and in its layout (half-rotated RoPE), independent of the file
/// format.
package protocol WeightFile: Sendable {
  /// Hugging Face names, such as `model.layers.0.self_attn.q_proj.weight`, sorted.
  var names: [String] { get }

  /// The shape in row-major order, outermost dimension first, as in PyTorch: a linear layer is [outputs, inputs]. Nil
  /// if the tensor does not exist.
  func shape(of name: String) -> [Int]?

  /// The values in row-major order, dequantised or widened to 32 bits. Their number is the product of the shape.
  ///
  /// - Throws: `ModelFileError` if the tensor does not exist or its element type is not supported.
  func floats(of name: String) throws(ModelFileError) -> [Float]

  /// The quantised blocks of the values as they are in the file, in the order of ``floats(of:)``. Nil if they are of none
  /// of these types, which are ggml's numbers.
  func blocks(of name: String, in types: Set<UInt32>) throws(ModelFileError) -> WeightBlocks?
}

extension WeightFile {
  package func blocks(of name: String, in types: Set<UInt32>) throws(ModelFileError) -> WeightBlocks? { nil }
}

/// Quantised values of a tensor.
package struct WeightBlocks: Sendable {
  /// ggml's number of the type of the blocks.
  package let type: UInt32
  package let bytes: [UInt8]
}

/// The product of `shape`, or nil if a dimension is negative or the product overflows.
func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for dimension in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
    guard dimension >= 0, !overflow else { return nil }
    count = product
  }
  return count
}
