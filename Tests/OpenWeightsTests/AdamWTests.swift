import Foundation
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Compares the optimiser with its formulas in double precision.
@Suite(.modelsInProcess) struct AdamWTests {
  init() async { await Engine.setThreads(1) }

  @TensorActor @Test(arguments: [(0, 0.0, 1e9), (3, 0.1, 1e9), (5, 0.02, 0.7)])
  func stepsAreTheClosedForm(warmUp: Int, decay: Double, clipping: Double) throws {
    let settings = OptimiserSettings(
      learningRate: 0.05, warmUp: warmUp, weightDecay: decay, clipping: clipping, beta1: 0.8, beta2: 0.95,
      epsilon: 1e-6)
    var parameters = [try Tensor<Float>([0.5, -1, 2], shape: [3]), try Tensor<Float>([1, 1], shape: [1, 2])]
    var expected: [Double] = [0.5, -1, 2, 1, 1]
    var (means, squares) = ([Double](repeating: 0, count: 5), [Double](repeating: 0, count: 5))
    var optimiser = try AdamW(settings, for: parameters)
    for step in 1...6 {
      let gradient: [Double] = [0.1, -0.3 * Double(step), 0, 2 - Double(step), 0.7]
      let floats = gradient.map(Float.init)
      let norm = try optimiser.update(
        &parameters,
        gradients: [Tensor(Array(floats[..<3]), shape: [3]), Tensor(Array(floats[3...]), shape: [1, 2])])
      let length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(norm - length) < 1e-6 * length)
      let factor = min(1, clipping / length)
      let rate = 0.05 * (warmUp > 0 ? min(1, Double(step) / Double(warmUp)) : 1)
      #expect(settings.rate(at: step) == rate)
      for place in expected.indices {
        let g = gradient[place] * factor
        means[place] = 0.8 * means[place] + 0.2 * g
        squares[place] = 0.95 * squares[place] + 0.05 * g * g
        let m = means[place] / (1 - pow(0.8, Double(step)))
        let v = squares[place] / (1 - pow(0.95, Double(step)))
        expected[place] = expected[place] * (1 - rate * decay) - rate * m / (v.squareRoot() + 1e-6)
      }
      expectClose(try parameters.flatMap { try $0.values() }, expected.map { Float($0) }, 2e-6)
    }
    #expect(optimiser.step == 6 && parameters.map(\.shape) == [[3], [1, 2]])
  }

  @TensorActor @Test func aGradientThatIsNoNumberIsRefused() throws {
    var parameters = [try Tensor<Float>([1, 2])]
    var optimiser = try AdamW(OptimiserSettings(), for: parameters)
    for broken in [Float.nan, .infinity] {
      #expect(throws: TensorError.self) {
        try optimiser.update(&parameters, gradients: [Tensor([broken, 0])])
      }
    }
    #expect(throws: TensorError.self) { try optimiser.update(&parameters, gradients: []) }
    #expect(throws: TensorError.self) { try optimiser.update(&parameters, gradients: [Tensor([1, 2, 3])]) }
    #expect(try parameters[0].values() == [1, 2] && optimiser.step == 0)
  }
}
