import Agents
import Foundation

/// Out-of-fold predictions: each rollout is predicted by trees trained without its task, and every rollout is used for
/// training.
///
/// A critic's values on its own training rollouts say nothing about new tasks. If there are too few tasks to hold some
/// out, each fold of tasks is predicted by trees trained on the other folds.
public enum CrossFitted {
  /// The return-to-go after every step of every rollout, predicted by trees that were trained without its task.
  ///
  /// The same rollouts in the same order, seed and settings give the same beliefs. Folds are fitted concurrently, at
  /// most as many at a time as there are active processors.
  ///
  /// - Parameters:
  ///   - rollouts: rollouts of the frozen policy; unfinished ones get predictions but are not trained on.
  ///   - environment: the world they come from.
  ///   - policy: the identity of the policy they come from.
  ///   - folds: the most folds of tasks, at least 2; never more than there are tasks with a finished rollout.
  ///   - seed: decides the folds and every fit.
  ///   - progress: called with a message when a fold is done.
  /// - Returns: one array per rollout in the order given, with the return-to-go (in reward units) after each of 0 ..<
  ///   count steps. The finished state has no entry. If the other folds hold a single task, no trees can be selected,
  ///   and the belief is the marginal of that task's returns-to-go.
  /// - Throws: `CriticError` of kind `tooLittleData` below two tasks with a finished rollout; `failed` for settings out
  ///   of range, rewards that are not finite and XGBoost's own errors.
  public static func beliefs(
    about rollouts: [Trajectory], environment: WorldIdentity, policy: String, folds: Int = 5, seed: Seed,
    settings: TreesCritic.Settings = .init(), progress: ((String) -> Void)? = nil
  ) async throws(CriticError) -> [[ReturnDistribution]] {
    guard folds >= 2 else { throw CriticError(.failed, "Out-of-fold beliefs need at least 2 folds, not \(folds).") }
    try settings.check()
    let tasks = Set(try Rollouts.finished(rollouts).map(\.task.id))
    guard tasks.count >= 2 else {
      throw CriticError(
        .tooLittleData,
        """
        Out-of-fold values need finished rollouts of at least 2 tasks, better 50 or more. There are those of \
        \(tasks.count) in \(environment). Collect more of the train split, 4 a task.
        """)
    }
    let count = min(folds, tasks.count)
    // A task without a finished rollout is never trained on, so any fold may hold it.
    let foldOf = CrossFit.folds(of: Array(tasks), count: count, seed: seed.split("cross-fitted"))
    let fits = (0..<count).map { fold in
      Fit(
        held: rollouts.indices.filter { foldOf[rollouts[$0].task.id, default: 0] == fold },
        trained: rollouts.filter { foldOf[$0.task.id, default: 0] != fold },
        seed: seed.split("cross-fitted").split(fold))
    }

    var beliefs = [[ReturnDistribution]](repeating: [], count: rollouts.count)
    try await eachSideBySide(fits) { (fit) throws(CriticError) in
      let judge = try judge(fit.trained, environment: environment, policy: policy, seed: fit.seed, settings: settings)
      var judged: [(rollout: Int, beliefs: [ReturnDistribution])] = []
      for index in fit.held {
        let rollout = rollouts[index]
        judged.append((index, try judge((0..<rollout.count).map { CriticState(rollout.prefix($0)) })))
      }
      return judged
    } collect: { done, judged in
      for (index, values) in judged { beliefs[index] = values }
      progress?("\(done) of \(count) folds judged by trees that never saw their tasks")
    }
    return beliefs
  }

  /// The indices of the rollouts that one fit predicts, and the rollouts that it is trained on.
  private struct Fit: Sendable {
    let held: [Int]
    let trained: [Trajectory]
    let seed: Seed
  }

  /// The predictor for tasks that are not among those of `rollouts`.
  private static func judge(
    _ rollouts: [Trajectory], environment: WorldIdentity, policy: String, seed: Seed,
    settings: TreesCritic.Settings
  ) throws(CriticError) -> (_ states: [CriticState]) throws(CriticError) -> [ReturnDistribution] {
    let finished = try Rollouts.finished(rollouts)
    guard Set(finished.map(\.task.id)).count < 2 else {
      return try TreesCritic.fit(finished, environment: environment, policy: policy, seed: seed, settings: settings)
        .predict
    }
    let returns = Rollouts.rows(finished, features: FeatureMap(hashBuckets: settings.hashBuckets)).map(\.returnToGo)
    let marginal = ReturnBins(returns, limit: settings.bins).distribution(of: returns)
    return { states in states.map { _ in marginal } }
  }

  /// Processes items concurrently, at most as many at a time as there are active processors. Results are collected in
  /// the order of completion, with their number so far. The first error ends the loop.
  private static func eachSideBySide<Item: Sendable, Value: Sendable>(
    _ items: [Item], work: @escaping @Sendable (Item) throws(CriticError) -> Value,
    collect: (_ done: Int, Value) -> Void
  ) async throws(CriticError) {
    let result: Result<Void, CriticError> = await withTaskGroup(of: Result<Value, CriticError>.self) { group in
      var waiting = items.makeIterator()
      func start() {
        guard let item = waiting.next() else { return }
        group.addTask { Result { () throws(CriticError) in try work(item) } }
      }
      for _ in 0..<max(ProcessInfo.processInfo.activeProcessorCount, 1) { start() }
      var done = 0
      while let next = await group.next() {
        switch next {
        case .success(let value):
          done += 1
          collect(done, value)
          start()
        case .failure(let error):
          return .failure(error)
        }
      }
      return .success(())
    }
    try result.get()
  }
}
