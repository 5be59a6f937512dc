import Agents

/// Whether stored rollouts of the frozen policy hold anything to select, before a further call is paid.
///
/// A pure function of the rollouts. It gives what best-of-N would have found among them and how early the final reward
/// can be predicted. It does not give the gain of steering, since stored rollouts contain no clones.
public struct Diagnosis: Sendable, Hashable, Codable {
  /// The reward from which a rollout counts as solved.
  public let success: Double
  /// Whether `success` is the world's maximal reward. If the world states none, it is the largest reward among the
  /// rollouts.
  public let isSuccessKnown: Bool
  /// The least reward of a rollout, in reward units.
  public let leastReward: Double
  /// The largest reward of a rollout, in reward units.
  public let largestReward: Double

  /// The number of finished rollouts, which all figures are over.
  public let rollouts: Int
  /// The number of rollouts left out because they are unfinished or their reward is not finite.
  public let leftOut: Int
  /// The number of tasks with a finished rollout.
  public let tasks: Int
  /// How evenly the rollouts are spread over tasks.
  public let rolloutsPerTask: RolloutsPerTask
  /// The mean reward, over tasks.
  public let reward: MeanEstimate
  /// The share of a rollout's steps whose reward is 0, over tasks.
  public let unpaidSteps: MeanEstimate
  /// Steps of a rollout, over tasks.
  public let length: MeanEstimate

  /// How much of the reward varies within a task. Only that can be selected.
  public let variation: Variation
  /// How many tasks are solved always, never or sometimes.
  public let outcomes: Outcomes
  /// How soon the action sequences of a task's rollouts differ.
  public let paths: Paths
  /// The expected best of k rollouts, for k up to the number of rollouts.
  public let headroom: Headroom
  /// How early the final reward can be predicted within a task.
  public let predictability: Predictability
  /// The next step that the figures suggest.
  public let advice: Advice

  /// The number of finished rollouts of a task: minimum, mean and maximum over tasks.
  public struct RolloutsPerTask: Sendable, Hashable, Codable {
    /// Of the task with the fewest.
    public let least: Int
    /// Rollouts over tasks.
    public let mean: Double
    /// Of the task with the most.
    public let most: Int
  }

  /// One point of a curve over tasks.
  public struct Point: Sendable, Hashable, Codable {
    /// The abscissa: a number of rollouts or of steps.
    public let x: Int
    /// The curve's value, over tasks.
    public let estimate: MeanEstimate
    /// The number of tasks that the estimate is over.
    public let tasks: Int
  }

  /// - Parameters:
  ///   - rollouts: rollouts of the frozen policy, several of each of several tasks; unfinished ones are left out.
  ///   - maximalReward: the largest reward a trajectory can have. If nil, the largest reward among the rollouts is
  ///     used, and a rollout with no reward above 0 is never called solved.
  ///   - expectedReturnsToGo: for each rollout, the return-to-go in reward units that a critic which never saw its task
  ///     expects after each of 0 ..< count steps; an empty row for a rollout without such a critic. If nil, the reward
  ///     so far is the predictor.
  /// - Returns: nil if no rollout is finished.
  /// - Precondition: as many rows as rollouts, each empty or as long as its rollout.
  public init?(_ rollouts: [Trajectory], maximalReward: Double?, expectedReturnsToGo: [[Double]]? = nil) {
    precondition(expectedReturnsToGo.map { $0.count == rollouts.count } ?? true, "one row per rollout")
    let finished = rollouts.indices.filter {
      rollouts[$0].isFinished && rollouts[$0].count > 0 && rollouts[$0].reward.isFinite
    }
    let rewards = finished.map { rollouts[$0].reward }
    guard let least = rewards.min(), let largest = rewards.max() else { return nil }
    leastReward = least
    largestReward = largest
    isSuccessKnown = maximalReward != nil
    success = maximalReward ?? largest
    // A reward of 0 never counts as solved, even if it is the largest.
    let threshold = maximalReward == nil && largest <= 0 ? Double.infinity : success - Self.tolerance
    let grouped = Dictionary(grouping: finished) { rollouts[$0].task.id }.sorted { $0.key < $1.key }
    let groups = grouped.map { _, places in
      Group(places.map { Attempt(rollouts[$0], expected: expectedReturnsToGo?[$0], threshold: threshold) })
    }

    self.rollouts = finished.count
    leftOut = rollouts.count - finished.count
    tasks = groups.count
    let sizes = groups.map(\.attempts.count)
    rolloutsPerTask = RolloutsPerTask(
      least: sizes.min() ?? 0, mean: Double(finished.count) / Double(groups.count), most: sizes.max() ?? 0)
    reward = MeanEstimate(groups.map(\.mean))
    unpaidSteps = MeanEstimate(
      groups.map { group in
        group.attempts.mean { Double($0.payments.count { $0 == 0 }) / Double($0.payments.count) }
      })
    length = MeanEstimate(groups.map { group in group.attempts.mean { Double($0.payments.count) } })

    variation = Variation(groups)
    outcomes = Outcomes(groups)
    paths = Paths(groups)
    headroom = Headroom(groups)
    predictability = Predictability(groups, hasCritic: expectedReturnsToGo != nil)
    advice = Advice(
      Advice.Evidence(
        success: success, span: success - least, reward: reward.mean, length: length.mean, outcomes: outcomes,
        headroom: headroom, predictability: predictability, sizes: sizes))
  }
}

extension Diagnosis {
  /// Equal sums of decimal rewards differ by less than this through rounding.
  static let tolerance = 1e-9

  /// The parts of a finished rollout that a diagnosis uses.
  struct Attempt {
    let actions: [String]
    /// The reward of each step.
    let payments: [Double]
    let reward: Double
    let isSolved: Bool
    /// The expected final reward after each of 0 ..< count steps; nil if no critic judges the rollout.
    let expected: [Double]?
    /// The reward so far after each of 0 ..< count steps.
    let paid: [Double]

    init(_ rollout: Trajectory, expected returnsToGo: [Double]?, threshold: Double) {
      let steps = rollout.steps
      actions = steps.map(\.action.text)
      payments = steps.map(\.outcome.reward)
      reward = rollout.reward
      isSolved = rollout.reward >= threshold
      var sum = 0.0
      let paid = payments.map { payment in
        defer { sum += payment }
        return sum
      }
      self.paid = paid
      precondition(returnsToGo.map { $0.isEmpty || $0.count == steps.count } ?? true, "one value per step")
      expected = returnsToGo.flatMap { $0.isEmpty ? nil : zip(paid, $0).map { $0 + $1 } }
    }
  }

  /// The finished rollouts of a task, at least one.
  struct Group {
    let attempts: [Attempt]
    let rewards: [Double]
    let mean: Double
    /// Σ (reward − mean)².
    let squares: Double

    init(_ attempts: [Attempt]) {
      self.attempts = attempts
      rewards = attempts.map(\.reward)
      let mean = attempts.mean(\.reward)
      self.mean = mean
      squares = attempts.reduce(0) { $0 + ($1.reward - mean) * ($1.reward - mean) }
    }

    var solved: Int { attempts.count { $0.isSolved } }
    var endsAlike: Bool {
      guard let least = rewards.min(), let largest = rewards.max() else { return true }
      return largest - least <= Diagnosis.tolerance
    }
  }
}

extension Collection {
  /// The mean of `value` over the elements; 0 for an empty collection.
  func mean(_ value: (Element) -> Double) -> Double { reduce(0) { $0 + value($1) } / Double(Swift.max(count, 1)) }
}

extension MeanEstimate {
  /// Σa/Σb over tasks, with the standard error of a ratio (Cochran, Sampling Techniques, 1977, chapter 6) without the
  /// finite population correction; nil if Σb is 0.
  init?(ratio pairs: [(a: Double, b: Double)]) {
    let whole = pairs.reduce(0) { $0 + $1.b }
    guard whole > 0 else { return nil }
    let ratio = pairs.reduce(0) { $0 + $1.a } / whole
    let count = Double(pairs.count)
    let squares = pairs.reduce(0) { $0 + ($1.a - ratio * $1.b) * ($1.a - ratio * $1.b) }
    self.init(mean: ratio, se: count > 1 ? (squares * count / (count - 1)).squareRoot() / whole : 0)
  }
}
