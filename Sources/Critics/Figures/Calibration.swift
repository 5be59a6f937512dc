import Foundation

/// Makes P(return ≥ r_k) mean what it says on tasks that were not trained on: one isotonic regression per threshold.
struct Calibration: Sendable, Hashable, Codable {
  /// What a threshold's probability is read off from.
  enum Score: String, Sendable, Codable {
    /// The trees' own P(return ≥ r_k).
    case reached
    /// The trees' expected return. Few or no trees split for a class that is rare, so its own probability hardly
    /// depends on the state, where the mean still tells a hopeless state from a promising one. At a small
    /// temperature the soft value hangs on just these classes.
    case mean
  }

  struct Threshold: Sendable, Hashable, Codable {
    let score: Score
    let probability: IsotonicRegression
  }

  /// One per class but the first, whose threshold is always reached.
  let thresholds: [Threshold]

  /// Chooses for each threshold the score that goes better with what happened.
  ///
  /// - Parameters:
  ///   - probabilities: out-of-fold class probabilities, a row each.
  ///   - labels: the class of each row.
  ///   - bins: the return of each class.
  ///   - smoothing: how many rows of the overall frequency each block is mixed with.
  init(probabilities: [[Double]], labels: [Int], bins: ReturnBins, smoothing: Double) {
    let reached = probabilities.map(Self.reached)
    let means = probabilities.map { Self.mean($0, of: bins) }
    thresholds = (1..<bins.count).map { threshold in
      let happened = labels.map { $0 >= threshold ? 1.0 : 0.0 }
      let own = reached.map { $0[threshold - 1] }
      let byOwn = IsotonicRegression(inputs: own, targets: happened, smoothing: smoothing)
      let byMean = IsotonicRegression(inputs: means, targets: happened, smoothing: smoothing)
      return byMean.logLoss(inputs: means, targets: happened) < byOwn.logLoss(inputs: own, targets: happened)
        ? Threshold(score: .mean, probability: byMean) : Threshold(score: .reached, probability: byOwn)
    }
  }

  /// Calibrated class masses. The thresholds are calibrated one by one, so their probabilities are first brought back
  /// to the nearest that do not increase with the threshold.
  func masses(_ probabilities: [Double], bins: ReturnBins) -> [Double] {
    let mean = Self.mean(probabilities, of: bins)
    let reached = zip(thresholds, Self.reached(probabilities)).map { threshold, own in
      threshold.probability(threshold.score == .mean ? mean : own)
    }
    let monotone = IsotonicRegression.nonDecreasing(reached.reversed()).reversed()
    let bounds = [1] + monotone + [0]
    return zip(bounds, bounds.dropFirst()).map { $0 - $1 }
  }

  private static func mean(_ probabilities: [Double], of bins: ReturnBins) -> Double {
    zip(bins.values, probabilities).reduce(0) { $0 + $1.0 * $1.1 }
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

extension IsotonicRegression {
  /// The negative log-probability, in nats, of 0/1 targets.
  fileprivate func logLoss(inputs: [Double], targets: [Double]) -> Double {
    zip(inputs, targets).reduce(0) { sum, row in
      let probability = self(row.0)
      return sum - log(max(row.1 > 0.5 ? probability : 1 - probability, 1e-300))
    }
  }
}
