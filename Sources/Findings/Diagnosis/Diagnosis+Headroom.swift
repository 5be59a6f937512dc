import Agents

extension Diagnosis {
  /// The expected best of k rollouts, as a verifier would choose it: the reach of independent attempts.
  public struct Headroom: Sendable, Hashable, Codable {
    /// The share of tasks solved by at least one of k rollouts; x is k = 1, 2, 4, … and the largest.
    public let pass: [Point]
    /// The expected largest reward of k rollouts.
    public let best: [Point]
    /// The largest k: at least half of the tasks have that many rollouts.
    public let most: Int
    /// The expected best of the largest k minus the mean of one rollout, paired over the tasks with that many rollouts.
    public let gain: MeanEstimate

    init(_ groups: [Group]) {
      let sizes = groups.map(\.attempts.count).sorted()
      // The median. Few tasks may have the largest number of rollouts, and a single task may have the smallest.
      let most = sizes[sizes.count / 2]
      var draws = Array(sequence(first: 1) { $0 * 2 }.prefix { $0 < most })
      draws.append(most)
      func curve(_ value: (Group, Int) -> Double) -> [Point] {
        draws.map { k in
          let fitting = groups.filter { $0.attempts.count >= k }
          return Point(x: k, estimate: MeanEstimate(fitting.map { value($0, k) }), tasks: fitting.count)
        }
      }
      self.most = most
      pass = curve { Self.pass(solved: $0.solved, of: $0.attempts.count, draws: $1) }
      best = curve { Self.best(of: $0.rewards, draws: $1) }
      gain = MeanEstimate(
        groups.filter { $0.attempts.count >= most }.map { Self.best(of: $0.rewards, draws: most) - $0.mean })
    }

    /// The probability that k rollouts drawn without replacement include a solved one, 1 − C(n−c, k)/C(n, k). It is
    /// computed as the stable product 1 − Π_{i=n−c+1}^{n} (1 − k/i) (Chen et al., 2021, arXiv 2107.03374).
    ///
    /// - Precondition: 0 ≤ solved ≤ count and 1 ≤ draws ≤ count.
    static func pass(solved: Int, of count: Int, draws: Int) -> Double {
      precondition((0...count).contains(solved) && draws >= 1 && draws <= count)
      // A solved rollout is always drawn then. The product would have a negative factor.
      guard count - solved >= draws else { return 1 }
      var none = 1.0
      for rank in (count - solved)..<count { none *= 1 - Double(draws) / Double(rank + 1) }
      return 1 - none
    }

    /// The expected largest of k rewards drawn without replacement, Σ_i r_(i)·C(i−1, k−1)/C(n, k) over the sorted
    /// rewards. The weights are differences of the probability that none of the j largest is drawn.
    ///
    /// - Precondition: 1 ≤ draws ≤ rewards.count.
    static func best(of rewards: [Double], draws: Int) -> Double {
      let count = rewards.count
      precondition(draws >= 1 && draws <= count)
      var noneSoFar = 1.0
      var sum = 0.0
      for (place, reward) in rewards.sorted(by: >).enumerated() {
        let none = noneSoFar * Double(max(count - draws - place, 0)) / Double(count - place)
        sum += (noneSoFar - none) * reward
        noneSoFar = none
      }
      return sum
    }
  }
}
