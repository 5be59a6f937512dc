import Foundation

/// The probability that one more answer after a state leads to a new child, learned from the answers of the search so far.
///
/// Answers after one state are draws of a Chinese restaurant process of concentration θ: after n of them the next is new
/// with probability θ/(θ + n). θ says how varied the policy's answers are, and differs between worlds by a factor of ten.
/// Its posterior is on a grid; the prior is log-normal around 1, with 1.5 octaves as standard deviation.
struct Novelty: Sendable {
  private static let grid: [Double] = (-8...8).map { exp2(Double($0) / 2) }
  private var logWeights = Self.grid.map { -pow(log2($0) / 1.5, 2) / 2 }
  /// The posterior's probabilities of the grid.
  private var weights: [Double] = []

  init() { normalise() }

  /// Notes what the next answer after a state with `draws` answers led to.
  mutating func note(isNew: Bool, after draws: Int) {
    // The first child is new whatever θ is.
    guard draws > 0 else { return }
    for (place, theta) in Self.grid.enumerated() {
      logWeights[place] += log((isNew ? theta : Double(draws)) / (theta + Double(draws)))
    }
    normalise()
  }

  /// The probability that the next answer is new, between 0 and 1.
  func probability(after draws: Int) -> Double {
    zip(Self.grid, weights).reduce(0) { $0 + $1.1 * $1.0 / ($1.0 + Double(draws)) }
  }

  private mutating func normalise() { weights = LogWeights(logWeights).normalised }
}
