import Foundation
import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), linear warm-up and gradient clipping.
package struct OptimiserSettings: Sendable, Hashable, Codable {
  package var learningRate: Double
  /// Steps over which the learning rate rises from zero.
  package var warmUp: Int
  package var weightDecay: Double
  /// The largest norm of all gradients together. Larger gradients are scaled down to it.
  package var clipping: Double
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double

  package init(
    learningRate: Double = 1e-4, warmUp: Int = 10, weightDecay: Double = 0, clipping: Double = 1,
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
  ) {
    self.learningRate = learningRate
    self.warmUp = warmUp
    self.weightDecay = weightDecay
    self.clipping = clipping
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// The learning rate of a step, counted from 1.
  package func rate(at step: Int) -> Double {
    warmUp > 0 ? learningRate * min(1, Double(step) / Double(warmUp)) : learningRate
  }
}

/// The optimiser's state: running means of each parameter's gradient and of its square.
@TensorActor
package struct AdamW {
  package let settings: OptimiserSettings
  /// The number of steps, including skipped ones.
  package internal(set) var step: Int
  /// The number of steps that changed the parameters, and so of gradients in the means.
  package internal(set) var updates: Int
  var means: [Tensor<Float>]
  var squares: [Tensor<Float>]

  package init(_ settings: OptimiserSettings, for parameters: [Tensor<Float>]) throws(TensorError) {
    self.settings = settings
    (step, updates) = (0, 0)
    (means, squares) = ([], [])
    for parameter in parameters {
      means.append(try Tensor(repeating: 0, shape: parameter.shape))
      squares.append(try Tensor(repeating: 0, shape: parameter.shape))
    }
  }

  /// Updates the parameters. Returns the norm of the gradient before clipping.
  package mutating func update(
    _ parameters: inout [Tensor<Float>], gradients: [Tensor<Float>]
  ) throws(TensorError) -> Double {
    guard gradients.map(\.shape) == means.map(\.shape), parameters.map(\.shape) == means.map(\.shape) else {
      throw TensorError(
        "optimiser step", shapes: gradients.map(\.shape), "These are not the gradients of its parameters.")
    }
    let norm = try Self.norm(gradients)
    guard norm.isFinite else {
      throw TensorError("optimiser step", "The gradient is not finite; a smaller learning rate may help.")
    }
    step += 1
    updates += 1
    let factor = norm > settings.clipping ? settings.clipping / norm : 1
    let rate = settings.rate(at: step)
    let first = 1 - pow(settings.beta1, Double(updates))
    let second = 1 - pow(settings.beta2, Double(updates))
    for place in parameters.indices {
      let gradient = try gradients[place] * Float(factor)
      means[place] = try means[place] * Float(settings.beta1) + gradient * Float(1 - settings.beta1)
      squares[place] = try squares[place] * Float(settings.beta2) + gradient.squared() * Float(1 - settings.beta2)
      let scale = try (squares[place] / Float(second)).squareRoot() + Float(settings.epsilon)
      let kept = try parameters[place] * Float(1 - rate * settings.weightDecay)
      parameters[place] = try kept - means[place] * Float(rate / first) / scale
    }
    try evaluate(parameters + means + squares)
    return norm
  }

  /// Counts a step without an update.
  mutating func skip() { step += 1 }

  static func norm(_ tensors: [Tensor<Float>]) throws(TensorError) -> Double {
    var sums: [Tensor<Float>] = []
    for tensor in tensors { sums.append(try tensor.squared().sum().reshaped([1])) }
    guard !sums.isEmpty else { return 0 }
    return Double(try Tensor<Float>.concatenated(sums).sum().scalar()).squareRoot()
  }
}
