/// How the number of copies of each particle is drawn. Every scheme gives particle i a count whose expectation is N·wᵢ;
/// they differ in the variance around it.
///
/// Sources: Douc, Cappé and Moulines, "Comparison of resampling schemes for particle filtering" (2005); for SSP,
/// Gerber, Chopin and Whiteley, "Negative association, ordering and convergence of resampling methods" (2019).
public enum Resampler: String, CaseIterable, Sendable, Codable {
  /// Systematic: one uniform number shifts N evenly spaced points (the default). Stratified: one uniform number in each
  /// of N strata. Residual: ⌊N·wᵢ⌋ copies, the rest multinomial. SSP: Srinivasan's sampling process on the fractional
  /// parts. Multinomial: N independent draws.
  case systematic, stratified, residual, ssp, multinomial

  /// Draws the number of copies of each particle.
  ///
  /// - Parameter weights: normalised, not negative.
  /// - Returns: as many counts as weights, summing to the number of particles.
  public func counts(
    for weights: [Double], using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    let count = weights.count
    switch self {
    case .systematic:
      let offset = Double.random(in: 0..<1, using: &generator)
      return countsByInversion(weights, at: (0..<count).map { (Double($0) + offset) / Double(count) })
    case .stratified:
      return countsByInversion(
        weights, at: (0..<count).map { (Double($0) + .random(in: 0..<1, using: &generator)) / Double(count) })
    case .multinomial:
      return multinomialCounts(weights, draws: count, using: &generator)
    case .residual:
      return residualCounts(weights, using: &generator)
    case .ssp:
      return sspCounts(weights, using: &generator)
    }
  }

  /// The ancestor of each particle in the next generation. Survivors keep their places. Only surplus copies take the
  /// places of culled particles.
  ///
  /// - Parameter counts: copies of each particle, summing to the number of particles.
  /// - Returns: for each place, the particle it continues.
  public static func ancestors(from counts: [Int]) -> [Int] {
    var ancestors = Array(counts.indices)
    var culled = counts.indices.filter { counts[$0] == 0 }[...]
    for (particle, count) in counts.enumerated() where count > 1 {
      for _ in 1..<count {
        guard let place = culled.popFirst() else { return ancestors }
        ancestors[place] = particle
      }
    }
    return ancestors
  }
}

/// Counts how many of the ascending `points` in [0, 1) fall into each weight's share of the unit interval.
func countsByInversion(_ weights: [Double], at points: [Double]) -> [Int] {
  var counts = Array(repeating: 0, count: weights.count)
  // Rounding may leave the sum of the weights below the last point. Such a point counts for the last positive weight.
  guard let final = weights.lastIndex(where: { $0 > 0 }) else { return Array(repeating: 1, count: weights.count) }
  var particle = 0
  var cumulative = weights[0]
  for point in points {
    while particle < final, cumulative <= point {
      particle += 1
      cumulative += weights[particle]
    }
    counts[particle] += 1
  }
  return counts
}
