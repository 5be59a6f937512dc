import CMLX

extension Tensor {
  /// The same elements in another shape.
  package func reshaped(_ shape: [Int]) throws(TensorError) -> Tensor {
    try unary("reshape") { cx_reshape($0, shape.map { Int32(clamping: $0) }, shape.count) }
  }

  /// Entries along the outermost axis by index: [m, …] and [k] give [k, …].
  package func rows(_ numbers: Tensor<Int32>) throws(TensorError) -> Tensor {
    let (pointer, indices) = (handle.pointer, numbers.handle.pointer)
    let result = withExtendedLifetime((handle, numbers.handle)) { cx_rows(pointer, indices) }
    return try checked("rows", shapes: [shape, numbers.shape], result)
  }

  /// Joins tensors along `axis`.
  package static func concatenated(_ tensors: [Tensor], axis: Int = 0) throws(TensorError) -> Tensor {
    let result = withExtendedLifetime(tensors) {
      cx_concatenate(tensors.map { Optional($0.handle.pointer) }, tensors.count, Int32(clamping: axis))
    }
    return try checked("concatenate", shapes: tensors.map(\.shape), result)
  }

  func unary<Result>(
    _ name: String, _ body: (OpaquePointer) -> OpaquePointer?
  ) throws(TensorError) -> Tensor<Result> {
    let result = withExtendedLifetime(handle) { body(handle.pointer) }
    return try checked(name, shapes: [shape], result)
  }

  func binary<Result>(
    _ name: String, _ other: Tensor, _ body: (OpaquePointer, OpaquePointer) -> OpaquePointer?
  ) throws(TensorError) -> Tensor<Result> {
    let result = withExtendedLifetime((handle, other.handle)) { body(handle.pointer, other.handle.pointer) }
    return try checked(name, shapes: [shape, other.shape], result)
  }
}

extension Tensor where Element == Float {
  /// A tensor filled with one value; a scalar if no shape is given.
  package init(repeating value: Float, shape: [Int] = []) throws(TensorError) {
    self = try checked("fill", shapes: [shape], cx_full(value, shape.map { Int32(clamping: $0) }, shape.count))
  }

  package static func + (a: Tensor, b: Tensor) throws(TensorError) -> Tensor { try a.binary("+", b, cx_add) }
  package static func - (a: Tensor, b: Tensor) throws(TensorError) -> Tensor { try a.binary("-", b, cx_subtract) }
  package static func * (a: Tensor, b: Tensor) throws(TensorError) -> Tensor { try a.binary("*", b, cx_multiply) }
  package static func / (a: Tensor, b: Tensor) throws(TensorError) -> Tensor { try a.binary("/", b, cx_divide) }
  package static func + (a: Tensor, b: Float) throws(TensorError) -> Tensor { try a + Tensor(repeating: b) }
  package static func - (a: Tensor, b: Float) throws(TensorError) -> Tensor { try a - Tensor(repeating: b) }
  package static func * (a: Tensor, b: Float) throws(TensorError) -> Tensor { try a * Tensor(repeating: b) }
  package static func / (a: Tensor, b: Float) throws(TensorError) -> Tensor { try a / Tensor(repeating: b) }

  package func maximum(_ other: Tensor) throws(TensorError) -> Tensor { try binary("maximum", other, cx_maximum) }
  package func minimum(_ other: Tensor) throws(TensorError) -> Tensor { try binary("minimum", other, cx_minimum) }
  package func exponential() throws(TensorError) -> Tensor { try unary("exp", cx_exp) }
  package func logarithm() throws(TensorError) -> Tensor { try unary("log", cx_log) }
  package func squareRoot() throws(TensorError) -> Tensor { try unary("sqrt", cx_sqrt) }
  package func squared() throws(TensorError) -> Tensor { try unary("square", cx_square) }
  /// The same values, through which no gradient flows.
  package func withoutGradient() throws(TensorError) -> Tensor { try unary("stop gradient", cx_stop_gradient) }

  /// [m, k] · [k, n]
  package func product(_ other: Tensor) throws(TensorError) -> Tensor { try binary("product", other, cx_matmul) }

  /// [m, k] · [n, k]ᵀ, the form in which models keep their weights.
  package func product(transposed other: Tensor) throws(TensorError) -> Tensor {
    try binary("product with the transpose", other, cx_matmul_transposed)
  }

  package func transposed() throws(TensorError) -> Tensor { try unary("transpose", cx_transpose) }

  package func sum() throws(TensorError) -> Tensor { try unary("sum", cx_sum_all) }

  package func sum(axis: Int, keepsAxis: Bool = false) throws(TensorError) -> Tensor {
    try unary("sum") { cx_sum($0, Int32(clamping: axis), keepsAxis) }
  }

  /// One entry of each row: of [m, n] and [m], the entries [i, indices[i]].
  package func picking(_ indices: Tensor<Int32>) throws(TensorError) -> Tensor {
    let result = withExtendedLifetime((handle, indices.handle)) { cx_pick(handle.pointer, indices.handle.pointer) }
    return try checked("pick", shapes: [shape, indices.shape], result)
  }

  /// x / √(mean x² + ε) · weight over the innermost axis.
  package func rootMeanSquareNormalised(weight: Tensor, epsilon: Float) throws(TensorError) -> Tensor {
    try binary("root mean square norm", weight) { cx_rms_norm($0, $1, epsilon) }
  }

  /// silu(self) · up
  package func swiglu(_ up: Tensor) throws(TensorError) -> Tensor { try binary("swiglu", up, cx_swiglu) }

  /// The log-softmax of [m, n] over the innermost axis.
  package func logSoftmax() throws(TensorError) -> Tensor { try unary("log softmax", cx_log_softmax) }

  /// The value of a tensor with one element.
  package func scalar() throws(TensorError) -> Float {
    guard let value = try values().first, count == 1 else {
      throw TensorError("scalar", shapes: [shape], "It must have exactly one element.")
    }
    return value
  }
}
