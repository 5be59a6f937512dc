/// Independent draws, the scheme with the largest variance.
func multinomialCounts(
  _ weights: [Double], draws: Int, using generator: inout some RandomNumberGenerator
) -> [Int] {
  countsByInversion(weights, at: (0..<draws).map { _ in Double.random(in: 0..<1, using: &generator) }.sorted())
}

/// ⌊N·w⌋ guaranteed copies, and independent draws for the remainder.
func residualCounts(_ weights: [Double], using generator: inout some RandomNumberGenerator) -> [Int] {
  let expected = weights.map { $0 * Double(weights.count) }
  var counts = expected.map(wholePart)
  let missing = weights.count - counts.reduce(0, +)
  guard missing > 0 else { return counts }
  let remainders = zip(expected, counts).map { max($0 - Double($1), 0) }
  let total = remainders.reduce(0, +)
  for (particle, extra) in multinomialCounts(remainders.map { $0 / total }, draws: missing, using: &generator)
    .enumerated()
  {
    counts[particle] += extra
  }
  return counts
}

/// The whole part of an expected count. A tolerance covers products that rounding left just below a whole number.
func wholePart(_ expected: Double) -> Int {
  Int((expected + 1e-12).rounded(.down))
}
