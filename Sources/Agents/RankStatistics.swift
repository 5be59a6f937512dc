/// Statistics of how well predictions agree with outcomes.
package enum RankStatistics {
  /// Ranks from 1; equal values share the mean of their ranks.
  package static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + 1 + end) / 2 }
      start = end
    }
    return ranks
  }

  /// Spearman's ρ, the correlation of ranks; nil if either side is constant.
  package static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
    let x = ranks(a)
    let y = ranks(b)
    // Ties do not change the mean rank.
    let mean = Double(x.count + 1) / 2
    var covariance = 0.0
    var varianceX = 0.0
    var varianceY = 0.0
    for (x, y) in zip(x, y) {
      covariance += (x - mean) * (y - mean)
      varianceX += (x - mean) * (x - mean)
      varianceY += (y - mean) * (y - mean)
    }
    guard varianceX > 0, varianceY > 0 else { return nil }
    return covariance / (varianceX * varianceY).squareRoot()
  }

  /// The probability that a success scores above a failure, ties counting half (Mann and Whitney, 1947); nil if there
  /// are no successes or no failures.
  package static func areaUnderCurve(scores: [Double], successes: [Bool]) -> Double? {
    let positives = Double(successes.count(where: \.self))
    let negatives = Double(successes.count) - positives
    guard positives > 0, negatives > 0 else { return nil }
    let sum = zip(ranks(scores), successes).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    return (sum - positives * (positives + 1) / 2) / (positives * negatives)
  }

  /// 1 − Σ(y − ŷ)²/Σ(y − ȳ)²; nil if all outcomes are equal.
  package static func rSquared(predictions: [Double], outcomes: [Double]) -> Double? {
    let mean = outcomes.reduce(0, +) / Double(outcomes.count)
    let total = outcomes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    guard total > 1e-12 * Double(outcomes.count) else { return nil }
    return 1 - zip(predictions, outcomes).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) } / total
  }

  /// The calibration error, in reward units: the mean of |mean prediction − mean outcome| over bins of equal count,
  /// weighted by count. Equal predictions share a bin, so a constant prediction has one bin.
  package static func calibrationError(predictions: [Double], outcomes: [Double], bins: Int = 10) -> Double {
    let order = predictions.indices.sorted { predictions[$0] < predictions[$1] }
    var sum = 0.0
    var start = 0
    for bin in 1...bins {
      var end = max(start, order.count * bin / bins)
      while end > start, end < order.count, predictions[order[end]] == predictions[order[end - 1]] { end += 1 }
      // The difference of sums equals the difference of means times the count.
      sum += abs(order[start..<end].reduce(0) { $0 + outcomes[$1] - predictions[$1] })
      start = end
    }
    return predictions.isEmpty ? 0 : sum / Double(predictions.count)
  }
}
