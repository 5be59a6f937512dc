import Foundation

/// Weighted numbers to draw from, with removal: sampling without replacement. A draw and a removal cost O(√n).
struct Categorical {
  private var weights: [Double]
  private var sums: [Double]
  private let width: Int
  /// What is left.
  private(set) var total: Double
  /// The logarithm of the unit of the weights.
  let logScale: Double

  /// - Parameter logWeights: −∞ for what cannot be drawn.
  init(_ logWeights: [Double]) {
    let largest = logWeights.max() ?? -.infinity
    logScale = largest
    guard largest > -.infinity else {
      (weights, sums, width, total) = ([], [], 1, 0)
      return
    }
    weights = logWeights.map { logWeight in
      // Weights that are not normal numbers have too few digits to be drawn in proportion.
      let weight = exp(logWeight - largest)
      return weight.isNormal ? weight : 0
    }
    width = max(8, Int(Double(weights.count).squareRoot()))
    sums = []
    total = 0
    sums = stride(from: 0, to: weights.count, by: width).map { sum(from: $0) }
    total = sums.reduce(0, +)
  }

  private func sum(from start: Int) -> Double {
    weights[start..<min(start + width, weights.count)].reduce(0, +)
  }

  /// The log of all weights that are left.
  var logTotal: Double { total > 0 ? logScale + log(total) : -.infinity }

  subscript(place: Int) -> Double { weights[place] }

  /// Draws a place in proportion to its weight; nil if nothing is left.
  func draw(using generator: inout some RandomNumberGenerator) -> Int? {
    guard total > 0 else { return nil }
    var rest = Double.random(in: 0..<total, using: &generator)
    // Rounding may leave `rest` past the end of the last block or weight that is positive.
    var last: Int?
    for block in sums.indices where sums[block] > 0 {
      if rest < sums[block] {
        let start = block * width
        for place in start..<min(start + width, weights.count) where weights[place] > 0 {
          last = place
          if rest < weights[place] { return place }
          rest -= weights[place]
        }
        return last
      }
      rest -= sums[block]
      last = weights[block * width..<min((block + 1) * width, weights.count)].lastIndex { $0 > 0 }
    }
    return last
  }

  /// Takes a place out. Sums are added up anew, so that no error accumulates.
  mutating func remove(_ place: Int) {
    weights[place] = 0
    let block = place / width
    sums[block] = sum(from: block * width)
    total = sums.reduce(0, +)
  }
}
