import Foundation
import Testing

@testable import Tensors

/// Compares the gradient of Σ weight·output, with random weights, with central finite differences, element by
/// element.
///
/// The outputs are summed in doubles, so the error of a difference comes from the outputs alone: each is off by a few
/// units in the last place of `magnitude`, the size of the values that it was computed from. The truncation error of
/// central differences grows with the square of the step. It is estimated from the differences at twice the step
/// (Richardson). The rest of the tolerance is round-off.
@TensorActor
func expectGradient(
  of inputs: [Plain], magnitude: Double = 1, step: Float = 1.0 / 64,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ function: @escaping @TensorActor ([Tensor<Float>]) throws(TensorError) -> Tensor<Float>
) throws {
  let outputs = try function(inputs.map { try $0.tensor }).values().count
  var draws = Draws(UInt64(outputs))
  let weights = draws.floats(outputs)
  let (_, gradients) = try valueAndGradient(of: inputs.map { try $0.tensor }) { tensors throws(TensorError) in
    let result = try function(tensors)
    return [try (result.reshaped([outputs]) * Tensor(weights)).sum()]
  }
  func value(_ inputs: [Plain]) throws -> Double {
    zip(try function(inputs.map { try $0.tensor }).values(), weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  func difference(_ number: Int, _ place: Int, _ step: Float) throws -> Double {
    var (up, down) = (inputs, inputs)
    up[number].values[place] += step
    down[number].values[place] -= step
    let width = Double(up[number].values[place]) - Double(down[number].values[place])
    return (try value(up) - value(down)) / width
  }
  // The errors of many outputs add up like a random walk. The tolerance is 4 units at 4 standard deviations.
  let roundOff =
    16 * Double(Float.ulpOfOne) * magnitude * Double(outputs).squareRoot() / Double(step)
  for (number, gradient) in gradients.enumerated() {
    let found = try gradient.values()
    #expect(gradient.shape == inputs[number].shape, sourceLocation: sourceLocation)
    var wrong: [String] = []
    var size = 0.0
    for place in found.indices {
      let near = try difference(number, place, step)
      let truncation = abs(try difference(number, place, 2 * step) - near) / 3
      size = max(size, abs(near))
      if !(abs(Double(found[place]) - near) <= roundOff + 2 * truncation) {
        wrong.append("[\(place)]: \(found[place]), not \(near) ± \(roundOff + 2 * truncation)")
      }
    }
    #expect(wrong.isEmpty, "input \(number): \(wrong.prefix(3))", sourceLocation: sourceLocation)
    // The tolerance must be small enough to detect an error of a few hundredths of the gradient's size.
    #expect(roundOff < 0.05 * size, "input \(number): \(roundOff) against \(size)", sourceLocation: sourceLocation)
  }
}
