/// Srinivasan's sampling process. Fractions are settled in pairs, by moving mass from one to the other, until each is 0
/// or 1. Counts differ from N·w by less than one and are negatively associated, whatever the order of the particles.
func sspCounts(_ weights: [Double], using generator: inout some RandomNumberGenerator) -> [Int] {
  let expected = weights.map { $0 * Double(weights.count) }
  var counts = expected.map(wholePart)
  var open: (particle: Int, fraction: Double)?
  for particle in weights.indices {
    let fraction = max(expected[particle] - Double(counts[particle]), 0)
    guard fraction > 1e-12 else { continue }
    guard let held = open else {
      open = (particle, fraction)
      continue
    }
    // The held particle either gains `up` from this one or loses `down` to it. The probabilities keep both
    // expectations.
    let up = min(1 - held.fraction, fraction)
    let down = min(held.fraction, 1 - fraction)
    let takes = Double.random(in: 0..<(up + down), using: &generator) < down
    let transfer = takes ? up : -down
    var unsettled: (particle: Int, fraction: Double)?
    for (which, value) in [(held.particle, held.fraction + transfer), (particle, fraction - transfer)] {
      if value >= 1 - 1e-12 {
        counts[which] += 1
      } else if value > 1e-12 {
        unsettled = (which, value)
      }
    }
    open = unsettled
  }
  // The fractions sum to a whole number, so a remaining fraction is a rounding error.
  if let open, counts.reduce(0, +) < weights.count { counts[open.particle] += 1 }
  return counts
}
