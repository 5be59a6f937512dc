import Agents

/// One method's gain as a share of another's: a ratio of paired means over tasks.
package struct GainShare: Sendable, Hashable, Codable {
  /// The mean gain over the reference's mean gain; absent if the reference gained nothing.
  package let share: Double?
  /// The 95 % interval, by percentiles of a bootstrap over tasks. Absent if the reference's gain is not significantly
  /// above 0, since the ratio is then unbounded.
  package let interval: MeanEstimate.Interval?
  /// The share of bootstrap samples in which the reference gained nothing.
  package let withoutGain: Double
  package let tasks: Int

  /// The largest tolerated share of samples without a gain. With more, such samples would determine the ends of the
  /// interval.
  private static let bearable = 0.01

  /// - Parameters:
  ///   - method: each task's reward under the method, for tasks that `reference` and `base` have too.
  ///   - samples: the number of bootstrap samples, at least 1.
  package init(
    of method: [TaskID: Double], reference: [TaskID: Double], base: [TaskID: Double], samples: Int = 10_000,
    seed: Seed = Seed(0).split("gain share")
  ) {
    let pairs = method.keys.sorted().compactMap { task -> (Double, Double)? in
      guard let ours = method[task], let theirs = reference[task], let none = base[task] else { return nil }
      return (ours - none, theirs - none)
    }
    tasks = pairs.count
    func ratio(_ gains: (Double, Double)) -> Double? { gains.1 > 1e-12 ? gains.0 / gains.1 : nil }
    share = ratio(pairs.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) })
    guard pairs.count > 1 else {
      (interval, withoutGain) = (nil, share == nil ? 1 : 0)
      return
    }
    var generator = seed.generator()
    var ratios: [Double] = []
    for _ in 0..<max(1, samples) {
      var gains = (0.0, 0.0)
      for _ in pairs.indices {
        let pair = pairs[generator.number(below: pairs.count)]
        gains = (gains.0 + pair.0, gains.1 + pair.1)
      }
      if let ratio = ratio(gains) { ratios.append(ratio) }
    }
    let missing = max(1, samples) - ratios.count
    withoutGain = Double(missing) / Double(max(1, samples))
    guard share != nil, withoutGain <= Self.bearable else {
      interval = nil
      return
    }
    ratios.sort()
    // Samples without a gain count at both ends, which widens the interval.
    func percentile(_ part: Double) -> Double {
      ratios[min(max(Int((part * Double(ratios.count - 1)).rounded()), 0), ratios.count - 1)]
    }
    interval = MeanEstimate.Interval(low: percentile(0.025 - withoutGain), high: percentile(0.975 + withoutGain))
  }
}
