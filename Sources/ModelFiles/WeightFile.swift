/// The tensors of a model, under Hugging Face's names and in its layout (half-rotated RoPE), whatever file they are in.
package protocol WeightFile: Sendable {
  /// Hugging Face names, such as `model.layers.0.self_attn.q_proj.weight`, sorted.
  var names: [String] { get }

  /// Row-major, outermost dimension first, as in PyTorch: a linear layer is [outputs, inputs]. Nil where there is no such
  /// tensor.
  func shape(of name: String) -> [Int]?

  /// The values in row-major order, dequantised or widened to 32 bits; as many as the product of the shape.
  ///
  /// - Throws: `ModelFileError` where there is no such tensor or its element type is not supported.
  func floats(of name: String) throws(ModelFileError) -> [Float]
}

/// The product of `shape`, or nil where a dimension is negative or the product overflows.
func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for dimension in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
    guard dimension >= 0, !overflow else { return nil }
    count = product
  }
  return count
}
