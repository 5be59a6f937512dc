import Foundation

/// Calibrates P(return ≥ r_k) on tasks that were not trained on: one isotonic regression per threshold.
struct Calibration: Sendable, Hashable, Codable {
  /// The input from which a threshold's probability is computed.
  enum Score: String, Sendable, Codable {
    /// The trees' own P(return ≥ r_k).
    case reached
    /// The trees' expected return. Few or no trees split for a rare class, so the class's own probability hardly
    /// depends on the state. The mean still separates hopeless states from promising ones. At a small temperature the
    /// soft value depends on exactly these rare classes.
    case mean
  }

  struct Threshold: Sendable, Hashable, Codable {
    let score: Score
    let probability: IsotonicRegression
  }

  /// One per class except the first, whose threshold is always reached.
  let thresholds: [Threshold]

  /// Chooses for each threshold the score with the lower log-loss.
  ///
  /// - Parameters:
  ///   - probabilities: out-of-fold class probabilities, one row per state.
  ///   - labels: the class of each row.
  ///   - bins: the return of each class.
  ///   - smoothing: the weight, in rows, of the overall frequency in each block.
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

  /// Calibrated class masses. Each threshold is calibrated separately, so the probabilities are first projected onto
  /// the nearest sequence that does not increase with the threshold.
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

  /// P(return ≥ r_k) for every class except the first.
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
