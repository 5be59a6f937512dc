import Agents

/// The number of particles with which steering reaches the reward of another policy's single attempt.
package struct Crossing: Sendable, Hashable, Codable {
  /// The smallest N whose mean is not lower; absent if no N tried reaches it.
  package let reached: Int?
  /// The smallest N whose paired difference is significantly not lower: its 95 % interval begins at 0 or above.
  package let surely: Int?
  /// The paired difference at `reached`, or at the largest N tried.
  package let difference: PairedEstimate
  /// The N of `difference`, and the largest N tried.
  package let at: Int
  package let most: Int

  /// - Parameters:
  ///   - curve: each task's reward for each N; not empty.
  ///   - target: each task's reward under the other policy.
  /// - Returns: nil for an empty curve.
  package init?(_ curve: [(particles: Int, rewards: [TaskID: Double])], reaching target: [TaskID: Double]) {
    let points = curve.sorted { $0.particles < $1.particles }
      .map { (particles: $0.particles, difference: PairedEstimate($0.rewards, minus: target)) }
      .filter { $0.difference.tasks > 0 }
    guard let last = points.last else { return nil }
    // The tolerance covers rounding: rewards are decimals, and their sums are not exact.
    let first = points.first { $0.difference.estimate.mean >= -1e-9 }
    reached = first?.particles
    surely = points.first { ($0.difference.interval?.low ?? -.infinity) >= -1e-9 }?.particles
    difference = (first ?? last).difference
    at = (first ?? last).particles
    most = last.particles
  }
}
