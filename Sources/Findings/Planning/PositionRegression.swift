import Agents

/// How much a critic adds to the reference when predicting returns: ordinary least squares of the return-to-go on both,
/// by step. A critic of pure noise adds nothing and does not move any state. A critic that predicts more than the
/// reference moves states.
struct PositionRegression: Sendable {
  /// By step, the weight of the critic's deviation from the reference; nil if it adds nothing.
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
      // Regresses the reference's error on the critic's deviation from the reference.
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
      // The weight is kept only if it is significantly different from 0.
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
