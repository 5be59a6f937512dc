import Agents

/// The bins of the return-to-go: one class per bin.
struct ReturnBins: Sendable, Hashable, Codable {
  /// The representative return of each bin, in reward units, strictly increasing: the value itself if there are few
  /// distinct values, otherwise the mean of the bin.
  let values: [Double]
  /// The smallest return of each bin.
  private let lowerBounds: [Double]

  private static let tolerance = 1e-9

  /// Bins of equal counts, as far as ties permit. If `limit` suffices, each distinct value (to within 1e-9) has a bin
  /// of its own.
  ///
  /// - Parameters:
  ///   - returns: at least one, finite.
  ///   - limit: the most bins, at least 1.
  init(_ returns: [Double], limit: Int = 16) {
    let sorted = returns.sorted()
    // Runs of equal values, as ranges of `sorted`.
    var runs: [Range<Int>] = []
    for index in sorted.indices {
      if let run = runs.last, sorted[index] - sorted[run.lowerBound] <= Self.tolerance {
        runs[runs.count - 1] = run.lowerBound..<(index + 1)
      } else {
        runs.append(index..<(index + 1))
      }
    }
    let bins = runs.count <= limit ? runs : Self.quantiles(runs, limit: limit, count: sorted.count)
    let isExact = runs.count <= limit
    values = bins.map { bin in
      isExact ? sorted[bin.lowerBound] : sorted[bin].reduce(0, +) / Double(bin.count)
    }
    lowerBounds = bins.map { sorted[$0.lowerBound] }
  }

  var count: Int { values.count }

  /// The bin of a return.
  func bin(of value: Double) -> Int {
    var low = 0
    var high = lowerBounds.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if lowerBounds[middle] <= value + Self.tolerance { low = middle } else { high = middle }
    }
    return low
  }

  /// The relative frequency of each bin among `returns`, of which there is at least one.
  func distribution(of returns: some Sequence<Double>) -> ReturnDistribution {
    var counts = [Double](repeating: 0, count: count)
    for value in returns { counts[bin(of: value)] += 1 }
    return ReturnDistribution(returns: values, probabilities: counts)
  }

  /// Whether the parts of a decoded artifact fit together.
  var isValid: Bool {
    !values.isEmpty && values.count == lowerBounds.count && (values + lowerBounds).allSatisfy(\.isFinite)
      && zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
  }

  /// Each bin takes its share of the remaining values, so that one frequent value does not empty the bins after it.
  private static func quantiles(_ runs: [Range<Int>], limit: Int, count: Int) -> [Range<Int>] {
    var bins: [Range<Int>] = []
    var start = 0
    for run in runs {
      let binsLeft = limit - bins.count
      let share = Double(count - start) / Double(binsLeft)
      if binsLeft > 1, Double(run.upperBound - start) >= share {
        bins.append(start..<run.upperBound)
        start = run.upperBound
      }
    }
    if start < count { bins.append(start..<count) }
    return bins
  }
}
