#if OpenWeights
  import Foundation
  import Testing

  @testable import Tensors

  /// Holds the gradient of Σ weight·output, for weights drawn at random, against central finite differences, input by input and
  /// element by element.
  ///
  /// The outputs are read and summed in doubles, so that a difference of two is off by what the outputs themselves are: each by
  /// a few units in the last place of what it was computed from, `magnitude`. What central differences leave out grows with the
  /// square of the step; it is estimated from those of twice the step (Richardson), and the rest of the tolerance is round-off.
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
    // Errors of many outputs add up like a random walk; 4 units of 4 standard deviations.
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
      // The tolerance would see an error of a few hundredths of the gradient's own size.
      #expect(roundOff < 0.05 * size, "input \(number): \(roundOff) against \(size)", sourceLocation: sourceLocation)
    }
  }
#endif
