import CMLX

/// The type of a tensor's elements: 32-bit floats, or 32-bit integers as indices of tokens and rows.
package protocol TensorElement: Sendable {
  static func make(_ values: [Self], _ shape: [Int32]) -> OpaquePointer?
  static func read(_ array: OpaquePointer, into values: UnsafeMutableBufferPointer<Self>) -> Int32
  static var zero: Self { get }
}

extension Float: TensorElement {
  package static func make(_ values: [Float], _ shape: [Int32]) -> OpaquePointer? {
    cx_floats(values, shape, shape.count)
  }

  package static func read(_ array: OpaquePointer, into values: UnsafeMutableBufferPointer<Float>) -> Int32 {
    cx_read_floats(array, values.baseAddress, values.count)
  }
}

extension Int32: TensorElement {
  package static func make(_ values: [Int32], _ shape: [Int32]) -> OpaquePointer? {
    cx_integers(values, shape, shape.count)
  }

  package static func read(_ array: OpaquePointer, into values: UnsafeMutableBufferPointer<Int32>) -> Int32 {
    cx_read_integers(array, values.baseAddress, values.count)
  }
}

/// A row-major array of MLX. Operations build a graph; ``evaluate(_:)`` or ``values()`` computes it. Shapes that do
/// not fit throw an error and never crash.
@TensorActor
package struct Tensor<Element: TensorElement> {
  let handle: Handle

  nonisolated init(owning pointer: OpaquePointer) { handle = Handle(pointer) }

  /// - Parameters:
  ///   - values: in row-major order.
  ///   - shape: outermost first. Its product is the number of values.
  package init(_ values: [Element], shape: [Int]) throws(TensorError) {
    guard shape.allSatisfy({ (0...Int(Int32.max)).contains($0) }), Self.product(shape) == values.count else {
      throw TensorError("init", shapes: [shape], "\(values.count) values do not fill it.")
    }
    self = try checked("init", shapes: [shape], Element.make(values, shape.map(Int32.init)))
  }

  package init(_ values: [Element]) throws(TensorError) { try self.init(values, shape: [values.count]) }

  nonisolated private static func product(_ shape: [Int]) -> Int? {
    var count = 1
    for extent in shape {
      let (next, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = next
    }
    return count
  }

  /// The extents, outermost first.
  package var shape: [Int] {
    withExtendedLifetime(handle) {
      (0..<cx_rank(handle.pointer)).map { Int(cx_extent(handle.pointer, $0)) }
    }
  }

  package var count: Int { withExtendedLifetime(handle) { cx_count(handle.pointer) } }

  /// Evaluates the tensor and copies its values out in row-major order.
  package func values() throws(TensorError) -> [Element] {
    var failed: Int32 = 0
    let values = withExtendedLifetime(handle) {
      [Element](unsafeUninitializedCapacity: cx_count(handle.pointer)) { buffer, count in
        buffer.initialize(repeating: .zero)
        failed = Element.read(handle.pointer, into: buffer)
        count = buffer.count
      }
    }
    if failed != 0 { throw TensorError("values", shapes: [shape], lastError()) }
    return values
  }
}

/// Owns one MLX array.
final class Handle: Sendable {
  // Released once, by the thread that drops the last reference; MLX counts references atomically.
  nonisolated(unsafe) let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { cx_release(pointer) }
}

func lastError() -> String { String(cString: cx_last_error()) }

func checked<Element>(
  _ operation: String, shapes: @autoclosure () -> [[Int]], _ pointer: OpaquePointer?
) throws(TensorError) -> Tensor<Element> {
  guard let pointer else { throw TensorError(operation, shapes: shapes(), lastError()) }
  return Tensor(owning: pointer)
}

/// Evaluates all tensors at once.
@TensorActor
package func evaluate(_ tensors: [Tensor<Float>]) throws(TensorError) {
  let failed = withExtendedLifetime(tensors) {
    cx_evaluate(tensors.map { Optional($0.handle.pointer) }, tensors.count)
  }
  if failed != 0 { throw TensorError("evaluate", lastError()) }
}
