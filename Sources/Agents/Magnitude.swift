/// Bounds on rewards and values. Beyond 1e9 a `Double` resolves seven decimals or fewer, so that differences of small
/// rewards beside it are lost, and sums of squares of much larger numbers are infinite.
public enum Magnitude {
  /// The largest magnitude of a reward and, relative to the world's maximal reward, of a critic's value.
  public static let largest = 1e9
  /// Relative rounding error tolerated in sums of decimal rewards.
  static let tolerance = 1e-6

  /// Whether a number can be a reward.
  public static func isReward(_ value: Double) -> Bool { abs(value) <= largest }

  /// Whether a number can be a critic's value: finite, and small enough that rewards beside it are not rounded away.
  ///
  /// - Parameter maximum: the world's maximal reward; nil if unknown.
  public static func isValue(_ value: Double, besideRewardsUpTo maximum: Double?) -> Bool {
    let scale = maximum.flatMap { $0 > 0 ? min($0, 1) : nil } ?? 1
    return abs(value) <= largest * scale
  }
}

extension World {
  /// Rejects rewards that are not finite or larger than ``Magnitude/largest``, and rewards that raise the trajectory's
  /// sum above the world's stated maximum.
  package func check(_ outcome: Outcome, after trajectory: Trajectory) throws(WorldError) {
    let place = "step \(trajectory.count + 1) of task \(trajectory.task.id)"
    // Written so that NaN fails.
    guard Magnitude.isReward(outcome.reward) else {
      throw WorldError(
        .badReward,
        """
        The environment paid \(outcome.reward) for \(place); a reward must be a finite number of at most a billion. \
        Scale the rewards.
        """)
    }
    guard let maximum = maximalReward else { return }
    let sum = trajectory.reward + outcome.reward
    guard sum <= maximum + Magnitude.tolerance * max(abs(maximum), 1) else {
      throw WorldError(
        .badReward,
        """
        The environment paid \(sum) in all up to \(place), above the maximal reward of \(maximum) that it states. \
        Correct one of them.
        """)
    }
  }
}
