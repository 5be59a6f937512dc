import Foundation
import Testing

@testable import Tensors

/// Reproducible random numbers (SplitMix64).
struct Draws: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  mutating func number(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

/// Values with a shape, for plain arithmetic.
struct Plain: Sendable {
  var values: [Float]
  var shape: [Int]

  init(_ values: [Float], _ shape: [Int]) {
    self.values = values
    self.shape = shape
  }

  init(_ shape: [Int], _ draws: inout Draws, in range: ClosedRange<Float> = -1...1) {
    self.init(draws.floats(shape.reduce(1, *), in: range), shape)
  }

  @TensorActor var tensor: Tensor<Float> { get throws { try Tensor(values, shape: shape) } }
}

/// Expects every value to be within `tolerance` of its target, relative to targets above 1.
func expectClose(
  _ found: [Float], _ expected: [Double], _ tolerance: Double = 1e-6, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let worst = zip(found, expected).map { abs(Double($0) - $1) / max(1, abs($1)) }
  #expect(worst.allSatisfy { $0 <= tolerance }, "\(what): off by \(worst.max() ?? 0)", sourceLocation: sourceLocation)
}

@TensorActor
func expectTensorError(
  _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: @TensorActor () throws -> Void
) {
  do {
    try body()
    Issue.record("\(what): there was no error", sourceLocation: sourceLocation)
  } catch let error as TensorError {
    #expect(!error.message.isEmpty && !error.operation.isEmpty, "\(what)", sourceLocation: sourceLocation)
  } catch { Issue.record("\(what): \(error)", sourceLocation: sourceLocation) }
}
