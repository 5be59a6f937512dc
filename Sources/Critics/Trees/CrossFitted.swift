import Agents

/// Out-of-fold predictions: each rollout is predicted by trees trained without its task, and every rollout is used for
/// training.
///
/// A critic's values on its own training rollouts say nothing about new tasks. If there are too few tasks to hold some
/// out, each fold of tasks is predicted by trees trained on the other folds.
public enum CrossFitted {
  /// The return-to-go after every step of every rollout, predicted by trees that were trained without its task.
  ///
  /// The same rollouts, seed and settings give the same beliefs. Folds are fitted side by side.
  ///
  /// - Parameters:
  ///   - rollouts: rollouts of the frozen policy; unfinished ones get predictions but are not trained on.
  ///   - judged: tasks that get predictions but are not trained on.
  ///   - environment: the world they come from.
  ///   - folds: the most folds of tasks, at least 2; never more than there are tasks to train on.
  ///   - seed: decides the folds and every fit.
  ///   - embeddings: of all states of the rollouts, as further features; see ``TreesCritic/states(of:steered:)``.
  ///   - progress: called with messages on the progress.
  /// - Returns: one array per rollout in the order given, with the return-to-go (in reward units) after each of 0 ..<
  ///   count steps. The finished state has no entry. Where trees predict no better than the marginal of the other folds,
  ///   the belief is that marginal.
  /// - Throws: `CriticError` of kind `tooLittleData` below two tasks to train on; `failed` for settings out of range,
  ///   rewards that are not finite and XGBoost's own errors.
  public static func beliefs(
    about rollouts: [Trajectory], judged: Set<TaskID> = [], environment: WorldIdentity, folds: Int = 5, seed: Seed,
    settings: TreesCritic.Settings = .init(), embeddings: StateEmbeddings? = nil,
    progress: ((String) -> Void)? = nil
  ) throws(CriticError) -> [[ReturnDistribution]] {
    guard folds >= 2 else { throw CriticError(.failed, "Out-of-fold beliefs need at least 2 folds, not \(folds).") }
    try settings.check()
    let tasks = Set(try Rollouts.finished(rollouts).map(\.task.id)).subtracting(judged)
    guard tasks.count >= 2 else {
      throw CriticError(
        .tooLittleData,
        """
        Out-of-fold values need finished rollouts of at least 2 tasks, better 50 or more. There are finished rollouts \
        of \(tasks.count) in \(environment). Collect more rollouts of the train split, 4 for each task.
        """)
    }
    var settings = settings
    settings.folds = folds
    let features = FeatureMap(hashBuckets: settings.hashBuckets, embedder: embeddings?.embedder)
    let set = try TrainingSet(rollouts, judged: judged, features: features, embeddings: embeddings)
    let bins = ReturnBins(set.states.flatMap(\.returns), limit: settings.bins)
    let fit = try CrossFit(
      CrossFitWork(set, bins: bins, features: features, settings: settings, seed: seed.split("cross-fitted")),
      progress: progress)
    let beliefs = fit.beliefs.map { ReturnDistribution(returns: bins.values, probabilities: $0) }
    return set.prefixes.map { states in states.map { beliefs[$0] } }
  }
}
