import Agents

extension TreesCritic {
  /// The states whose embeddings a training on these rollouts needs.
  public static func states(of rollouts: [Trajectory], steered: [SteeredStep] = []) -> [CriticState] {
    TrainingSet.states(of: rollouts, steered: steered)
  }

  /// Trains a critic on stored rollouts, failures included. Takes seconds for thousands of states.
  ///
  /// The same rollouts in the same order, seed and settings give the same critic.
  ///
  /// - Parameters:
  ///   - trajectories: rollouts of the frozen policy; unfinished ones are left out, since their return is not known.
  ///   - environment: the world they come from.
  ///   - policy: the identity of the policy they come from.
  ///   - seed: decides folds and the trees' samples of rows and columns.
  ///   - steered: steps from states that a method chose, of the same tasks; others are left out.
  ///   - embeddings: of all states, as further features; see ``states(of:steered:)``.
  ///   - progress: called with messages on the progress of the training.
  /// - Throws: `CriticError` of kind `tooLittleData` below two tasks, since nothing can be held out then; `failed` for
  ///   settings out of range, rewards that are not finite and XGBoost's own errors.
  public static func fit(
    _ trajectories: [Trajectory], environment: WorldIdentity, policy: String, seed: Seed,
    settings: Settings = .init(), steered: [SteeredStep] = [], embeddings: StateEmbeddings? = nil,
    progress: ((String) -> Void)? = nil
  ) throws(CriticError) -> TreesCritic {
    try settings.check()
    let rollouts = try Rollouts.finished(trajectories)
    let tasks = Set(rollouts.map(\.task.id)).sorted()
    guard tasks.count >= 2 else {
      throw CriticError(
        .tooLittleData,
        """
        A critic needs finished rollouts of at least 2 tasks, better 50 or more. There are \(rollouts.count) of \
        \(tasks.count) in \(environment), and \(trajectories.count - rollouts.count) unfinished. Collect more \
        rollouts of the train split, 4 for each task.
        """)
    }
    let features = FeatureMap(hashBuckets: settings.hashBuckets, embedder: embeddings?.embedder)
    let known = Set(tasks)
    let set = try TrainingSet(
      rollouts, steered: steered.filter { known.contains($0.from.task.id) }, features: features,
      embeddings: embeddings)
    let returns = set.states.flatMap(\.returns)
    let bins = ReturnBins(returns, limit: settings.bins)
    progress?(
      "\(rollouts.count) rollouts of \(tasks.count) tasks: \(returns.count) states, \(set.states.count) distinct, "
        + "\(bins.count) returns")
    let work = CrossFitWork(set, bins: bins, features: features, settings: settings, seed: seed)
    let fit = try CrossFit(work, judgesGroups: true, progress: progress)
    let choice = fit.choice
    var trees: Artifact.Trees?
    if choice.isEarned {
      let grower = try work.final(fit.targets, weights: fit.weights, rounds: choice.rounds)
      trees = .init(baseMargin: grower.baseMargin, model: try grower.model(), links: fit.links)
      let targets = choice.lambda < 1 ? "λ-returns, λ \(choice.lambda)" : "Monte Carlo returns"
      progress?("\(choice.rounds) rounds of trees on \(targets)")
    } else {
      progress?(
        bins.count > 1
          ? "no trees: on unseen tasks they are no better than the marginal" : "no trees: all returns are equal")
    }
    let means = fit.beliefs.map { ReturnDistribution(returns: bins.values, probabilities: $0).mean }

    // The critic is built from its encoded text, so that a trained critic and the same critic loaded are identical.
    return try TreesCritic(
      Artifact(
        record: Record(
          environment: environment, policy: policy, tasks: tasks, rollouts: rollouts.count,
          unfinished: trajectories.count - rollouts.count, rows: returns.count, seed: seed, settings: settings,
          states: set.states.count, steeredSteps: choice.isEarned && choice.lambda < 1 ? set.transitions.count : 0,
          folds: bins.count > 1 ? fit.folds : 0,
          rounds: choice.isEarned ? choice.rounds : 0, lambda: choice.lambda, heldOutLogLoss: fit.logLoss,
          marginalLogLoss: fit.marginalLogLoss,
          bellmanError: CrossFit.squaredBellmanError(means, on: set).map { max($0, 0).squareRoot() },
          features: fit.groups.map { FeatureShare(group: $0.group.rawValue, share: $0.share) },
          marginal: bins.distribution(of: returns)),
        features: features, bins: bins, trees: trees))
  }
}
