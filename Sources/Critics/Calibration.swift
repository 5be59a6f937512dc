/// Makes P(return ≥ r_k) mean what it says on tasks that were not trained on: one isotonic regression per threshold.
struct Calibration: Sendable, Hashable, Codable {
  /// One per class but the first, whose threshold is always reached.
  let thresholds: [IsotonicRegression]

  /// - Parameters:
  ///   - probabilities: out-of-fold class probabilities, a row each.
  ///   - labels: the class of each row.
  ///   - smoothing: how many rows of the overall frequency each block is mixed with.
  init(probabilities: [[Double]], labels: [Int], classes: Int, smoothing: Double) {
    let reached = probabilities.map(Self.reached)
    thresholds = (1..<classes).map { threshold in
      IsotonicRegression(
        inputs: reached.map { $0[threshold - 1] },
        targets: labels.map { $0 >= threshold ? 1 : 0 },
        smoothing: smoothing)
    }
  }

  /// Calibrated class masses. The thresholds are calibrated one by one, so their probabilities are first brought back to
  /// the nearest that do not increase with the threshold.
  func masses(_ probabilities: [Double]) -> [Double] {
    let reached = zip(thresholds, Self.reached(probabilities)).map { $0($1) }
    let monotone = IsotonicRegression.nonDecreasing(reached.reversed()).reversed()
    let bounds = [1] + monotone + [0]
    return zip(bounds, bounds.dropFirst()).map { $0 - $1 }
  }

  /// P(return ≥ r_k) for every class but the first.
  private static func reached(_ probabilities: [Double]) -> [Double] {
    var sum = 0.0
    return probabilities.dropFirst().reversed().map { (mass: Double) -> Double in
      sum += mass
      return sum
    }.reversed()
  }
}
