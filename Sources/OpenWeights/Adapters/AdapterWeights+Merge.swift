#if OpenWeights
  import ModelFiles
  import Tensors

  extension AdapterWeights {
    /// The model's own weights, with the adapter's additions in them: W + α/rank · B·A.
    public func merged(into weights: any WeightFile, of model: ModelConfiguration) throws -> [(
      name: String, shape: [Int], values: [Float]
    )] {
      var additions: [String: Tensor<Float>] = [:]
      for number in 0..<model.layers {
        let layer = layer(number)
        for (place, target) in configuration.targets.enumerated() {
          additions["model.layers.\(number).\(target.path).weight"] =
            try layer.tensors[2 * place + 1].product(layer.tensors[2 * place]) * configuration.scale
        }
      }
      return try weights.names.map { name in
        guard let shape = weights.shape(of: name) else { throw ModelError("The tensor \(name) has no shape.") }
        let values = try weights.floats(of: name)
        guard let addition = additions[name] else { return (name, shape, values) }
        return (name, shape, try (Tensor(values, shape: shape) + addition).values())
      }
    }
  }
#endif
