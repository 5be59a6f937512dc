import Agents
import Critics
import Foundation
import RolloutStore
import Steering

extension Workbench {
  /// Trains a critic on the stored rollouts, judges it on tasks it was not trained on, and writes it to a file.
  ///
  /// - Parameters:
  ///   - name: the critic's name, or a file that ends in `.json`.
  ///   - fromSteering: also learns from the steps of stored steered runs on tasks of the train split. Their states were
  ///     chosen by a critic, so only their one-step returns are used. The report then has the held-out loss without
  ///     them, too.
  @discardableResult
  public func train(_ name: String = "trees", fromSteering: Bool = false) async throws -> TrainReport {
    let start = ContinuousClock.now
    try await trackers.open()
    let seed = Seed(configuration.steering.seed).split("train")
    let (training, held, heldOutFrom) = try await criticRollouts()
    let steered = fromSteering ? try await steeredSteps() : []
    guard !fromSteering || !steered.isEmpty else {
      throw CriticError(
        .tooLittleData,
        """
        There are no steps of steered runs on tasks of the train split. Run cox steer --split train first, or leave \
        --from-steering out.
        """)
    }
    let embeddings = try await embeddings(of: training, steered: steered)
    var critic = try TreesCritic.fit(
      training, environment: world.identity, policy: policyIdentity, seed: seed, embeddings: embeddings
    ) { observer.note($0) }
    let alone = critic.record.heldOutLogLoss
    if fromSteering {
      critic = try TreesCritic.fit(
        training, environment: world.identity, policy: policyIdentity, seed: seed, steered: steered,
        embeddings: embeddings
      ) { observer.note($0) }
    }
    let success = world.maximalReward ?? (training + held).map(\.reward).max() ?? 1
    let figures = try await HeldOutFigures.evaluate(
      try embedder().map(critic.asking) ?? critic, on: held, success: success)
    let path = criticPath(name)
    try OutputFile.write(try critic.encoded(), to: path)
    var report = TrainReport(
      critic: path, environment: world.identity, policy: policyIdentity, tasks: Set(training.map(\.task.id)).count,
      rollouts: training.count, rounds: critic.record.rounds, heldOut: figures,
      heldOutFrom: "\(held.count) rollouts of \(Set(held.map(\.task.id)).count) tasks from \(heldOutFrom)",
      seconds: (ContinuousClock.now - start).inSeconds)
    report.trees = TreesSummary(critic.record, withoutSteering: fromSteering ? alone : nil)
    try await track("train", report, parameters: ["critic": criticName(name), "fromSteering": "\(fromSteering)"])
    return report
  }

  /// The rollouts for training, rollouts of other tasks for judging the critic, and where those are from.
  package func criticRollouts() async throws -> (training: [Trajectory], held: [Trajectory], from: String) {
    let seed = Seed(configuration.steering.seed).split("train")
    var training = try await rollouts(in: .train)
    try await noteFailedAttempts(in: [.train, .validation])
    var held = try await store.rollouts(of: world.identity, policy: policyIdentity, split: .validation).map(
      \.trajectory)
    var heldOutFrom = "the validation split"
    if held.isEmpty {
      var generator = seed.split("held out").generator()
      let tasks = Set(training.map(\.task.id)).sorted()
      let chosen = Set(generator.drawn(max(1, tasks.count / 5), from: tasks))
      held = training.filter { chosen.contains($0.task.id) }
      training.removeAll { chosen.contains($0.task.id) }
      heldOutFrom = "a fifth of the train split, held out"
    }
    return (training, held, heldOutFrom)
  }
}
