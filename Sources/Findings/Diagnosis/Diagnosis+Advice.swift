extension Diagnosis {
  /// The next step. It never promises a gain of steering: only a run with clones can measure that.
  public struct Advice: Sendable, Hashable, Codable {
    /// The next steps that can be advised.
    public enum Kind: String, Sendable, Hashable, Codable {
      /// There are too few rollouts for advice.
      case collectMore
      /// The frozen policy is near the maximum: use it as it is.
      case noSelection
      /// Selection finds nothing better among the policy's attempts. Another model, prompt or temperature is needed.
      case strongerPrior
      /// Take the best of several independent attempts.
      case bestOf
      /// Rollouts differ, and early predictions tell them apart: plan a run with clones.
      case steer
    }

    /// The figure that decided the advice.
    public enum Reason: String, Sendable, Hashable, Codable {
      /// Fewer than ``Advice/leastTasks`` tasks, or fewer than ``Advice/leastRollouts`` rollouts of a task.
      case tooFewRollouts
      /// A single rollout comes near the maximal reward.
      case nearMaximum
      /// Rollouts of nearly all tasks end alike, below the maximum.
      case endsAlike
      /// Rollouts differ, but the best of several is hardly better than one, or not certainly.
      case flat
      /// The best of several comes near the maximal reward.
      case bestNearMaximum
      /// Rollouts differ, and before the end nothing tells which will end well.
      case unpredictable
      /// It can be told only when too little of the rollout is left.
      case predictableLate
      /// It can be told while enough is left.
      case predictableEarly
    }

    /// What to do next.
    public let kind: Kind
    /// The figure that decided it.
    public let reason: Reason

    /// The least number of tasks. With fewer, the standard error itself has a relative error above 1/√(2(T − 1)), a
    /// quarter.
    public static let leastTasks = 10
    /// The least number of rollouts of a task. With fewer, the rollouts of a task that is solved half of the time end
    /// alike with a probability 2·2⁻ⁿ above one in eight.
    public static let leastRollouts = 4
    /// The largest share of tasks that may end alike. Above it, selection matters in fewer than one task of ten.
    public static let mostAlike = 0.9
    /// The least relevant difference, as a share of the span from the least reward seen to the maximal one. Less is not
    /// worth N times the calls.
    public static let leastShareOfSpan = 0.05
    /// The latest useful checkpoint, as a share of the mean rollout. After it, clones have too few steps left to
    /// differ.
    public static let latestShareOfRollout = 0.8

    /// The figures that the advice depends on.
    struct Evidence {
      let success: Double
      let span: Double
      let reward: Double
      let length: Double
      let outcomes: Outcomes
      let headroom: Headroom
      let predictability: Predictability
      /// The number of rollouts of each task.
      let sizes: [Int]
    }

    init(_ evidence: Evidence) { self.init(Self.reason(evidence)) }

    init(_ reason: Reason) {
      self.reason = reason
      kind =
        switch reason {
        case .tooFewRollouts: .collectMore
        case .nearMaximum: .noSelection
        case .endsAlike, .flat: .strongerPrior
        case .bestNearMaximum, .unpredictable, .predictableLate: .bestOf
        case .predictableEarly: .steer
        }
    }

    private static func reason(_ evidence: Evidence) -> Reason {
      let margin = leastShareOfSpan * evidence.span
      let headroom = evidence.headroom
      guard evidence.sizes.count(where: { $0 >= leastRollouts }) >= leastTasks else { return .tooFewRollouts }
      // If the world declares no maximum and no reward was paid, the largest reward seen does not count as success.
      let isPaid = evidence.span > tolerance || evidence.outcomes.neverSolved.tasks < evidence.outcomes.tasks
      if isPaid, evidence.reward >= evidence.success - margin - tolerance { return .nearMaximum }
      if evidence.outcomes.endsAlike.share.mean >= mostAlike { return .endsAlike }
      if headroom.gain.mean < margin || headroom.gain.mean <= 2 * headroom.gain.se { return .flat }
      if let best = headroom.best.last, best.estimate.mean >= evidence.success - margin { return .bestNearMaximum }
      guard let from = evidence.predictability.firstTold else { return .unpredictable }
      return Double(from) <= latestShareOfRollout * evidence.length ? .predictableEarly : .predictableLate
    }
  }
}
