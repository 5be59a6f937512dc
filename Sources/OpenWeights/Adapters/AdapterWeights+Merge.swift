import ModelFiles
import Tensors

extension AdapterWeights {
  /// The model's weights with the adapter merged into them: W + α/rank · B·A.
  package func merged(into weights: any WeightFile, of model: ModelConfiguration) throws -> [(
    name: String, shape: [Int], values: [Float]
  )] {
    let numbers = Dictionary(
      places.enumerated().map { ("\($0.element.module).weight", $0.offset) }, uniquingKeysWith: { first, _ in first })
    return try weights.names.map { name in
      guard let shape = weights.shape(of: name) else { throw ModelError("The tensor \(name) has no shape.") }
      let values = try weights.floats(of: name)
      guard let number = numbers[name] else { return (name, shape, values) }
      let addition = try tensors[2 * number + 1].product(tensors[2 * number]) * places[number].scale
      return (name, shape, try (Tensor(values, shape: shape) + addition).values())
    }
  }
}
