import Agents

/// How much a critic adds to the reference in expecting a return: ordinary least squares, step by step, of the return-to-go on
/// both. A critic of noise adds nothing and moves no state; one that knows more than the reference moves them.
struct PositionRegression: Sendable {
  /// By step, the critic's share in the expectation; nil where it adds nothing.
  private let shares: [Double?]

  init(_ rollouts: [ValuedRollout]) {
    let steps = rollouts.map(\.trajectory.count).max() ?? 0
    shares = (0..<steps).map { step in
      let rows = rollouts.filter { $0.trajectory.count > step }.compactMap { rollout -> SIMD2<Double>? in
        guard let belief = rollout.beliefs[step] else { return nil }
        let reference = rollout.reference[step].mean
        let paid = rollout.trajectory.prefix(step).reward
        return SIMD2(belief.mean - reference, rollout.trajectory.reward - paid - reference)
      }
      // Of what the reference leaves open, how much does the critic's other opinion explain?
      let count = Double(rows.count)
      guard count >= 20 else { return nil }
      let mean = rows.reduce(.zero, +) / count
      let xx = rows.reduce(0) { $0 + ($1.x - mean.x) * ($1.x - mean.x) }
      let xy = rows.reduce(0) { $0 + ($1.x - mean.x) * ($1.y - mean.y) }
      guard xx > 1e-12 * count else { return nil }
      let slope = xy / xx
      let rest = rows.reduce(0) { sum, row in
        let error = row.y - mean.y - slope * (row.x - mean.x)
        return sum + error * error
      }
      // Kept where it is told from 0.
      guard slope > 2 * (rest / max(count - 2, 1) / xx).squareRoot() else { return nil }
      return min(slope, 1)
    }
  }

  /// The expected return-to-go of a prefix, in reward units.
  func expected(_ rollout: ValuedRollout, after step: Int) -> Double {
    let reference = rollout.reference[step].mean
    guard let share = shares[step], let belief = rollout.beliefs[step] else { return reference }
    return reference + share * (belief.mean - reference)
  }
}
