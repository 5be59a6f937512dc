import Agents

extension ReturnDistribution {
  /// E[(G − x)⁺], in reward units.
  public func expectedExcess(over x: Double) -> Double {
    zip(returns, probabilities).reduce(0) { $0 + $1.1 * max($1.0 - x, 0) }
  }

  /// The x at which E[(G − x)⁺] equals `excess` ≥ 0. E[(G − x)⁺] falls with x, linearly between neighbouring returns.
  ///
  /// - Returns: +∞ if `excess` is not above 0.
  public func excessThreshold(_ excess: Double) -> Double {
    guard excess > 0 else { return .infinity }
    // From the largest return down. With the mass m above x and its partial mean Σ p·r, E[(G − x)⁺] = Σ p·r − m·x.
    let support = zip(returns, probabilities).filter { $0.1 > 0 }.sorted { $0.0 > $1.0 }
    var (mass, sum) = (0.0, 0.0)
    for (place, atom) in support.enumerated() {
      mass += atom.1
      sum += atom.1 * atom.0
      let x = (sum - excess) / mass
      if place + 1 == support.count || x >= support[place + 1].0 { return x }
    }
    return -.infinity
  }

  /// The return at a quantile u in [0, 1).
  func drawn(_ u: Double) -> Double {
    var left = u
    for (value, probability) in zip(returns, probabilities) {
      left -= probability
      if left < 0 { return value }
    }
    return returns.last ?? 0
  }
}

extension ReturnDistribution {
  /// The distribution of G + x.
  public func shifted(by x: Double) -> ReturnDistribution {
    ReturnDistribution(returns: returns.map { $0 + x }, probabilities: probabilities)
  }

  /// A point mass spread out; any other distribution as it is.
  ///
  /// A point mass leaves no improvement to hope for once a good attempt has finished. The spread is stated, not
  /// learned: a normal distribution in five equal parts, with a standard deviation of a quarter of the maximal reward at
  /// the start that falls with the square root of the calls still needed, as that of a sum of steps does.
  ///
  /// - Parameters:
  ///   - maximum: the largest reward that the world pays; nil for 1.
  ///   - share: the calls still needed as a share of the step limit, 0 to 1.
  public func spread(over maximum: Double?, share: Double) -> ReturnDistribution {
    guard probabilities.count(where: { $0 > 0 }) == 1 else { return self }
    let deviation = abs(maximum ?? 1) / 4 * max(share, 0).squareRoot()
    return ReturnDistribution(
      returns: Self.normalFifths.map { mean + deviation * $0 }, probabilities: Self.normalFifths.map { _ in 1 })
  }

  /// The means of the five equal parts of the standard normal distribution.
  private static let normalFifths = [-1.400, -0.532, 0, 0.532, 1.400]
}
