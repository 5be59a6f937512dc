import Agents

extension TreesCritic {
  /// Trains a critic on stored rollouts, failures included. Takes seconds for thousands of states, on one thread.
  ///
  /// The same rollouts in the same order, seed and settings give the same critic.
  ///
  /// - Parameters:
  ///   - trajectories: rollouts of the frozen policy; unfinished ones are left out, since their return is not known.
  ///   - environment: the world they come from.
  ///   - policy: the identity of the policy they come from.
  ///   - seed: decides folds and the trees' samples of rows and columns.
  ///   - progress: called with messages on the progress of the training.
  /// - Throws: `CriticError` of kind `tooLittleData` below two tasks, since nothing can be held out then; `failed` for
  ///   settings out of range, rewards that are not finite and XGBoost's own errors.
  public static func fit(
    _ trajectories: [Trajectory], environment: WorldIdentity, policy: String, seed: Seed,
    settings: Settings = .init(), progress: ((String) -> Void)? = nil
  ) throws(CriticError) -> TreesCritic {
    try settings.check()
    let rollouts = try Rollouts.finished(trajectories)
    let tasks = Set(rollouts.map(\.task.id)).sorted()
    guard tasks.count >= 2 else {
      throw CriticError(
        .tooLittleData,
        """
        A critic needs finished rollouts of at least 2 tasks, better 50 or more. There are \(rollouts.count) of \
        \(tasks.count) in \(environment), and \(trajectories.count - rollouts.count) unfinished. Collect more: \
        Collect more of the train split, 4 a task.
        """)
    }
    let features = FeatureMap(hashBuckets: settings.hashBuckets)
    let rows = Rollouts.rows(rollouts, features: features)
    let bins = ReturnBins(rows.map(\.returnToGo), limit: settings.bins)
    let labels = rows.map { bins.bin(of: $0.returnToGo) }
    progress?("\(rollouts.count) rollouts of \(tasks.count) tasks: \(rows.count) states, \(bins.count) returns")

    let baseMargin = CrossFit.baseMargin(labels: labels, classes: bins.count)
    var crossFit: CrossFit?
    var calibration: Calibration?
    var model: String?
    // A single class needs no trees.
    if bins.count > 1 {
      let fitted = try CrossFit(
        rows: rows, labels: labels, classes: bins.count, columns: features.columns, settings: settings, seed: seed,
        progress: progress)
      crossFit = fitted
      if fitted.rounds > 0 {
        // Rows of a rollout are not independent, so the weight of the smoothing is the mean number of rows per rollout.
        calibration = Calibration(
          probabilities: fitted.probabilities, labels: labels, bins: bins,
          smoothing: Double(rows.count) / Double(rollouts.count))
        let matrix = try FeatureMatrix(
          rows.map(\.features), columns: features.columns, baseMargin: baseMargin, labels: labels)
        let booster = try Booster(
          classes: bins.count, settings: settings, seed: seed.split("final"), cached: [matrix])
        for round in 0..<fitted.rounds { try booster.update(round: round, on: matrix) }
        model = try booster.model()
      }
      progress?(
        fitted.rounds > 0
          ? "\(fitted.rounds) rounds of trees" : "no trees: on unseen tasks they are no better than the marginal")
    } else {
      progress?("no trees: all returns are equal")
    }

    // The critic is built from its encoded text, so that a trained critic and the same critic loaded are identical.
    return try TreesCritic(
      Artifact(
        record: Record(
          environment: environment, policy: policy, tasks: tasks, rollouts: rollouts.count,
          unfinished: trajectories.count - rollouts.count, rows: rows.count, seed: seed, settings: settings,
          folds: crossFit?.folds ?? 0, rounds: crossFit?.rounds ?? 0, heldOutLogLoss: crossFit?.logLoss ?? 0,
          marginalLogLoss: crossFit?.marginalLogLoss ?? 0,
          marginal: bins.distribution(of: rows.map(\.returnToGo))),
        features: features, bins: bins, baseMargin: baseMargin, calibration: calibration, booster: model))
  }
}
