import CMLX

package typealias TensorFunction = @TensorActor ([Tensor<Float>]) throws(TensorError) -> [Tensor<Float>]

/// A differentiable function in the form that C calls, on the tensors' thread. It stores its error: no Swift error
/// may cross a frame of C++.
private final class Callback {
  private let body: ([Tensor<Float>]) throws(TensorError) -> [Tensor<Float>]
  var failure: TensorError?

  init(_ body: @escaping TensorFunction) {
    // MLX calls the body inside a call made on the tensors' thread; `call` checks this.
    self.body = unsafeBitCast(body, to: (([Tensor<Float>]) throws(TensorError) -> [Tensor<Float>]).self)
  }

  func call(
    _ inputs: UnsafePointer<OpaquePointer?>?, _ count: Int, _ outputs: UnsafeMutablePointer<OpaquePointer?>?,
    _ outputCount: Int
  ) -> Int32 {
    TensorActor.shared.preconditionIsolated()
    // Each tensor retains its own handle, so that it may outlive the call.
    let tensors = (0..<count).compactMap {
      (inputs?[$0]).flatMap { cx_retained($0) }.map(Tensor<Float>.init(owning:))
    }
    do throws(TensorError) {
      let results = try body(tensors)
      guard tensors.count == count, results.count == outputCount else {
        throw TensorError("gradient", "The function has \(results.count) outputs, not \(outputCount).")
      }
      for (place, result) in results.enumerated() {
        outputs?[place] = withExtendedLifetime(result) { cx_retained(result.handle.pointer) }
      }
      return 0
    } catch {
      failure = error
      return 1
    }
  }
}

private func trampoline(
  context: UnsafeMutableRawPointer?, inputs: UnsafePointer<OpaquePointer?>?, count: Int,
  outputs: UnsafeMutablePointer<OpaquePointer?>?, outputCount: Int
) -> Int32 {
  guard let context else { return 1 }
  return Unmanaged<Callback>.fromOpaque(context).takeUnretainedValue().call(inputs, count, outputs, outputCount)
}

/// The outputs of `function`, and the gradient of the first output, a scalar, with respect to each input.
@TensorActor
package func valueAndGradient(
  of inputs: [Tensor<Float>], outputs: Int = 1,
  _ function: @escaping TensorFunction
) throws(TensorError) -> (values: [Tensor<Float>], gradients: [Tensor<Float>]) {
  guard outputs > 0 else { throw TensorError("gradient", "At least 1 output is needed, not \(outputs).") }
  let callback = Callback(function)
  var values = [OpaquePointer?](repeating: nil, count: outputs)
  var gradients = [OpaquePointer?](repeating: nil, count: inputs.count)
  let failed = withExtendedLifetime((inputs, callback)) {
    cx_value_and_gradient(
      trampoline, Unmanaged.passUnretained(callback).toOpaque(), inputs.map { Optional($0.handle.pointer) },
      inputs.count, &values, outputs, &gradients)
  }
  let made = (
    values.compactMap { $0 }.map(Tensor<Float>.init(owning:)),
    gradients.compactMap { $0 }.map(Tensor<Float>.init(owning:))
  )
  if failed != 0 { throw callback.failure ?? TensorError("gradient", shapes: inputs.map(\.shape), lastError()) }
  return made
}

/// Applies `function` without keeping its intermediate values. They are computed again for gradients, which trades
/// time for memory.
@TensorActor
package func checkpointed(
  _ inputs: [Tensor<Float>], outputs: Int = 1,
  _ function: @escaping TensorFunction
) throws(TensorError) -> [Tensor<Float>] {
  guard outputs > 0 else { throw TensorError("checkpoint", "At least 1 output is needed, not \(outputs).") }
  let callback = Callback(function)
  var values = [OpaquePointer?](repeating: nil, count: outputs)
  let failed = withExtendedLifetime((inputs, callback)) {
    cx_checkpoint(
      trampoline, Unmanaged.passRetained(callback).toOpaque(),
      { context in if let context { Unmanaged<Callback>.fromOpaque(context).release() } },
      inputs.map { Optional($0.handle.pointer) }, inputs.count, &values, outputs)
  }
  let made = values.compactMap { $0 }.map(Tensor<Float>.init(owning:))
  if failed != 0 { throw callback.failure ?? TensorError("checkpoint", shapes: inputs.map(\.shape), lastError()) }
  return made
}
