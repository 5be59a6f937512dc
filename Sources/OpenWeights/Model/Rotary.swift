import Foundation
import ModelFiles
import Tensors

/// The angles of rotary position embedding (Su et al., arXiv 2104.09864), scaled for long contexts if the model
/// requires it.
struct Rotary: Sendable {
  /// Radians per position for each pair, [d/2].
  let frequencies: [Double]

  init(_ model: ModelConfiguration) {
    let half = model.headDimension / 2
    let plain = (0..<half).map { pow(model.ropeBase, -Double($0) / Double(half)) }
    switch model.ropeScaling {
    case nil: frequencies = plain
    case .linear(let factor): frequencies = plain.map { $0 / factor }
    case .llama3(let factor, let low, let high, let original):
      // Llama 3.1: long wavelengths are stretched, short ones kept, and those in between blended.
      frequencies = plain.map { frequency in
        let waves = Double(original) * frequency / (2 * .pi)
        if waves > high { return frequency }
        if waves < low { return frequency / factor }
        let share = (waves - low) / (high - low)
        return (1 - share) * frequency / factor + share * frequency
      }
    }
  }

  /// The angles of rows at these positions.
  @TensorActor
  func angles(_ positions: [Int]) throws(TensorError) -> RotaryAngles {
    var cosine: [Float] = []
    var sine: [Float] = []
    cosine.reserveCapacity(positions.count * frequencies.count)
    sine.reserveCapacity(positions.count * frequencies.count)
    for position in positions {
      for frequency in frequencies {
        let angle = Double(position) * frequency
        cosine.append(Float(cos(angle)))
        sine.append(Float(sin(angle)))
      }
    }
    let shape = [positions.count, frequencies.count]
    return try RotaryAngles(
      cosine: Tensor(cosine, shape: shape), sine: Tensor(sine, shape: shape))
  }
}
