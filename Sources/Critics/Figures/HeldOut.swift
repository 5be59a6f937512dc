import Agents

/// How well a critic predicts rollouts of tasks it was not trained on, compared with a constant: the marginal of the
/// training rollouts.
public struct HeldOutFigures: Sendable, Hashable, Codable {
  /// The figures of one predictor.
  public struct Figures: Sendable, Hashable, Codable {
    /// R² of the expected return-to-go; nil if all returns are equal. Below 0, the held-out mean would do better.
    public let rSquared: Double?
    /// Spearman's ρ of expected and realised return-to-go; nil if either is constant.
    public let spearman: Double?
    /// The area under the ROC curve of success, scored by P(return-to-go ≥ threshold − reward so far); nil if all
    /// rollouts succeed or all fail.
    public let auc: Double?
    /// The mean over 10 bins of equal count of |expected − realised return-to-go|, in reward units.
    public let calibrationError: Double
  }

  /// The states after one number of steps, or several.
  public struct Group: Sendable, Hashable, Codable {
    /// Steps taken; nil for a group of several.
    public let step: Int?
    /// The number of states.
    public let states: Int
    /// The critic's figures.
    public let critic: Figures
    /// The figures of the training marginal, which is the same for every state.
    public let constant: Figures
  }

  /// The critic's identity.
  public let critic: String
  /// The reward from which a rollout counts as a success.
  public let success: Double
  /// The number of held-out tasks.
  public let tasks: Int
  /// The number of their finished rollouts.
  public let rollouts: Int
  /// All states before the end.
  public let all: Group
  /// The same by steps taken, in order.
  public let steps: [Group]
  /// Finished rollouts with the last reward hidden: the figures that matter for selecting an answer without a verifier.
  public let answers: Group

  /// Judges a critic by rollouts of held-out tasks; unfinished ones are left out.
  ///
  /// - Parameter success: the reward from which a rollout counts as a success.
  /// - Throws: `CriticError` of kind `failed` if a task was trained on, `tooLittleData` if no rollout is finished.
  public static func evaluate(
    _ critic: any TrainedCritic, on trajectories: [Trajectory], success: Double
  ) async throws(CriticError) -> HeldOutFigures {
    let held = try HeldOutStates(trajectories, trainedOn: critic.tasks)
    let beliefs = try await critic.returnsToGo(from: held.states.map(\.observed.state))
    // For a state without a prediction, the marginal counts.
    return HeldOutFigures(
      critic.identity, held, beliefs: beliefs.map { $0 ?? critic.marginal }, marginal: critic.marginal,
      success: success)
  }

  private init(
    _ identity: String, _ held: HeldOutStates, beliefs: [ReturnDistribution], marginal: ReturnDistribution,
    success: Double
  ) {
    let judged = zip(held.states, beliefs).map { state, belief in
      (state.isAnswer, Judged(state.observed, belief: belief, success: state.reward >= success - 1e-9))
    }
    let prefixes = judged.filter { !$0.0 }.map(\.1)
    let byStep = Dictionary(grouping: prefixes, by: \.observed.state.step)
    critic = identity
    self.success = success
    tasks = held.tasks
    rollouts = held.rollouts
    all = Group(prefixes, step: nil, marginal: marginal, threshold: success)
    steps = byStep.sorted { $0.key < $1.key }.map {
      Group($0.value, step: $0.key, marginal: marginal, threshold: success)
    }
    answers = Group(judged.filter(\.0).map(\.1), step: nil, marginal: marginal, threshold: success)
  }
}

/// The states on which a critic is evaluated.
private struct HeldOutStates {
  struct State {
    let observed: ObservedState
    /// Whether this is the finished state with its last reward hidden.
    let isAnswer: Bool
    /// The final reward of the state's rollout.
    let reward: Double
  }

  let states: [State]
  let tasks: Int
  let rollouts: Int

  init(_ trajectories: [Trajectory], trainedOn known: [TaskID]) throws(CriticError) {
    let rollouts = try Rollouts.finished(trajectories)
    let tasks = Set(rollouts.map(\.task.id))
    guard !tasks.isEmpty else {
      throw CriticError(
        .tooLittleData,
        """
        None of the \(trajectories.count) rollouts to judge the critic by is finished. Collect rollouts of held-out \
        tasks, those of the validation split.
        """)
    }
    let seen = tasks.intersection(known).sorted()
    guard seen.isEmpty else {
      let names = seen.prefix(3).map(\.description).joined(separator: ", ")
      throw CriticError(
        .failed,
        """
        The critic was trained on \(seen.count) of the \(tasks.count) tasks that it should be judged by (\(names)\
        \(seen.count > 3 ? ", …" : "")). Held-out figures need other tasks: use another split.
        """)
    }
    states = rollouts.flatMap { rollout in
      rollout.observedPrefixes.map { State(observed: $0, isAnswer: false, reward: rollout.reward) }
        + [rollout.observedAnswer].compactMap(\.self).map {
          State(observed: $0, isAnswer: true, reward: rollout.reward)
        }
    }
    self.tasks = tasks.count
    self.rollouts = rollouts.count
  }
}

/// A state, the critic's prediction for it, and whether its rollout succeeded.
private struct Judged {
  let observed: ObservedState
  let belief: ReturnDistribution
  let isSuccess: Bool

  init(_ observed: ObservedState, belief: ReturnDistribution, success: Bool) {
    self.observed = observed
    self.belief = belief
    isSuccess = success
  }
}

extension HeldOutFigures.Group {
  fileprivate init(_ states: [Judged], step: Int?, marginal: ReturnDistribution, threshold: Double) {
    self.step = step
    self.states = states.count
    critic = HeldOutFigures.Figures(states, beliefs: states.map(\.belief), threshold: threshold)
    constant = HeldOutFigures.Figures(states, beliefs: states.map { _ in marginal }, threshold: threshold)
  }
}

extension HeldOutFigures.Figures {
  fileprivate init(_ states: [Judged], beliefs: [ReturnDistribution], threshold: Double) {
    let expected = beliefs.map(\.mean)
    let realised = states.map(\.observed.returnToGo)
    rSquared = RankStatistics.rSquared(predictions: expected, outcomes: realised)
    spearman = RankStatistics.spearman(expected, realised)
    auc = RankStatistics.areaUnderCurve(
      scores: zip(states, beliefs).map { $1.probability(atLeast: threshold - $0.observed.state.rewardSoFar) },
      successes: states.map(\.isSuccess))
    calibrationError = RankStatistics.calibrationError(predictions: expected, outcomes: realised)
  }
}
