import Foundation

/// The log-weights of a population, not normalised: their log-mean is the evidence. An immutable value; adding evidence
/// returns a new one.
public struct LogWeights: Sendable, Hashable, Codable {
  /// One log-weight for each particle; −∞ for a particle without weight. Never NaN.
  public let values: [Double]

  /// - Parameter values: NaN counts as −∞, so that an undefined increment costs one particle only.
  public init(_ values: [Double]) {
    self.values = values.map { $0.isNaN ? -.infinity : $0 }
  }

  /// Log-weights of 0.
  public init(equal count: Int) {
    values = Array(repeating: 0, count: count)
  }

  public var count: Int { values.count }

  /// The log-weights after more evidence.
  /// - Precondition: one increment per particle.
  public func adding(_ increments: [Double]) -> LogWeights {
    precondition(increments.count == count, "one increment per particle")
    return LogWeights(zip(values, increments).map { $0 + $1 })
  }

  /// The weights, summing to 1; all equal if every log-weight is −∞.
  public var normalised: [Double] {
    let largest = values.max() ?? 0
    let weights = values.map { Self.weight($0, relativeTo: largest) }
    let total = weights.reduce(0, +)
    guard total > 0 else { return Array(repeating: 1 / Double(max(count, 1)), count: count) }
    return weights.map { $0 / total }
  }

  /// (Σw)² / Σw², between 1 and the number of particles; 0 if no particle has weight.
  public var effectiveSampleSize: Double {
    let largest = values.max() ?? -.infinity
    guard largest > -.infinity else { return 0 }
    var sum = 0.0
    var squares = 0.0
    for value in values {
      let weight = Self.weight(value, relativeTo: largest)
      sum += weight
      squares += weight * weight
    }
    return sum * sum / squares
  }

  /// log((1/N) Σw), the evidence since the weights were last equal.
  public var logMean: Double {
    let largest = values.max() ?? -.infinity
    guard largest > -.infinity else { return -.infinity }
    let sum = values.reduce(0) { $0 + Self.weight($1, relativeTo: largest) }
    return largest + log(sum / Double(count))
  }

  /// A weight divided by the largest one. Subtracting first keeps exponentials between 0 and 1. If the largest is +∞,
  /// subtraction would give NaN; infinite weights then count 1 and finite ones 0.
  private static func weight(_ value: Double, relativeTo largest: Double) -> Double {
    largest.isFinite ? exp(value - largest) : value == .infinity ? 1 : 0
  }

  /// Whether all weights are equal. A resampling would then only lose particles.
  var areEqual: Bool {
    guard let first = values.first else { return true }
    return values.allSatisfy { abs($0 - first) <= 1e-12 || $0 == first }
  }
}
