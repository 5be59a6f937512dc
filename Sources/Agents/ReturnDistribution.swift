import Foundation

/// A critic's predicted distribution of the return-to-go G: the reward still to come, not what was already paid.
///
/// One fit gives the soft value for every β in closed form, V_β = β·log Σ_b p_b·exp(r_b/β).
public struct ReturnDistribution: Sendable, Hashable, Codable {
  /// The support r_b, in reward units.
  public let returns: [Double]
  /// The probabilities p_b, one for each return, summing to 1.
  public let probabilities: [Double]

  /// - Parameter probabilities: non-negative masses of `returns`; they are normalised.
  /// - Precondition: as many masses as returns, with a positive, finite sum.
  public init(returns: [Double], probabilities: [Double]) {
    precondition(returns.count == probabilities.count, "one mass per return")
    let total = probabilities.reduce(0, +)
    precondition(total > 0 && total.isFinite, "masses must be finite and not all zero")
    self.returns = returns
    self.probabilities = probabilities.map { $0 / total }
  }

  /// - Throws: `DecodingError` if the masses are not those of a distribution.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let returns = try container.decode([Double].self, forKey: .returns)
    let masses = try container.decode([Double].self, forKey: .probabilities)
    let total = masses.reduce(0, +)
    guard returns.count == masses.count, returns.allSatisfy(\.isFinite), masses.allSatisfy({ $0 >= 0 }),
      total > 0, total.isFinite
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .probabilities, in: container, debugDescription: "The masses are not those of a distribution.")
    }
    // Masses that already sum to 1 are kept as read: normalising again would change their last bits.
    self.returns = returns
    probabilities = abs(total - 1) < 1e-9 ? masses : masses.map { $0 / total }
  }

  private enum CodingKeys: CodingKey { case returns, probabilities }

  /// All mass on one return, in reward units: a scalar critic.
  public static func point(_ value: Double) -> ReturnDistribution {
    ReturnDistribution(returns: [value], probabilities: [1])
  }

  /// The expected return-to-go E[G], in reward units: the limit of the soft value as β grows.
  public var mean: Double {
    zip(returns, probabilities).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// P(return ≥ threshold), with a tolerance for sums of decimal rewards.
  public func probability(atLeast threshold: Double) -> Double {
    zip(returns, probabilities).reduce(0) { $0 + ($1.0 >= threshold - 1e-9 ? $1.1 : 0) }
  }

  /// V_β = β·log Σ_b p_b·exp(r_b/β), in reward units.
  ///
  /// - Parameter temperature: β > 0, in reward units. As β grows, V_β tends to the mean; as β falls to 0, to the
  ///   largest return with positive probability.
  public func softValue(temperature: Double) -> Double {
    precondition(temperature > 0, "a temperature is positive")
    var largest = -Double.infinity
    for (value, probability) in zip(returns, probabilities) where probability > 0 { largest = max(largest, value) }
    var sum = 0.0
    for (value, probability) in zip(returns, probabilities) where probability > 0 {
      sum += probability * exp((value - largest) / temperature)
    }
    return largest + temperature * log(sum)
  }
}
