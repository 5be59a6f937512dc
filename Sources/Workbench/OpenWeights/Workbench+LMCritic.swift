import Agents
import Critics
import Foundation
import OpenWeights
import Reporting
import RolloutStore
import Steering
import Tensors

extension Workbench {
  /// The model of a critic of kind lm.
  private func criticModel() async throws -> LoadedModel {
    let own = configuration.critic.own as? LMKind ?? LMKind()
    var settings = PolicySettings(kind: MLXKind.self)
    settings.section = "critic"
    settings.model =
      own.model ?? (configuration.policy.kind == MLXKind.self ? configuration.policy.model : nil)
    settings.threads = own.threads ?? configuration.policy.threads
    settings.precision = configuration.policy.precision
    return try await MLXKind(settings).load()
  }

  package func openCritic(at path: String) async throws -> any Critic {
    try await LMCritic.read(path, base: try await criticModel(), environment: world.identity)
  }

  /// Trains a language-model critic on the stored rollouts and keeps its best step on held-out training tasks. Judges
  /// it on the validation split, like trees.
  package func trainReader(_ name: String, options settings: LMCritic.Settings) async throws -> TrainReport {
    let start = ContinuousClock.now
    try await trackers.open()
    let (training, held, heldOutFrom) = try await criticRollouts()
    // The tasks that choose the step must not be those that judge it. A sixth of the training tasks is held out for
    // the choice.
    var generator = Seed(configuration.steering.seed).split("critic").split("choice").generator()
    let tasks = Set(training.map(\.task.id)).sorted()
    let chosen = Set(generator.drawn(max(1, tasks.count / 6), from: tasks))
    let examples = try StateExamples(training.filter { !chosen.contains($0.task.id) })
    let others = try examples.others(training.filter { chosen.contains($0.task.id) })
    func pairs(_ examples: StateExamples) -> [LMCritic.Example] {
      zip(examples.states, examples.classes).map { LMCritic.Example(state: $0, bin: $1) }
    }
    let observer = observer
    let progress = observer.begin("critic", steps: settings.steps, unit: "steps")
    let path = readerPath(name)
    let critic = try await LMCritic.fit(
      pairs(examples), heldOut: pairs(others), returns: examples.returns, marginal: examples.marginal, tasks: tasks,
      environment: world.identity, policy: policyIdentity, base: try await criticModel(), settings: settings,
      folder: path
    ) { event in
      switch event {
      case .step(let step): progress.update(step.step, step.line)
      case .look(let step, let loss):
        observer.note("held out after \(step) steps: \(Format.number(loss)) nats a state")
      case .anew:
        observer.note(
          "The folder \(path) held a training on other rollouts or with other settings: training starts again.")
      }
    }
    progress.end()
    try await critic.write(to: path)
    let figures = try await HeldOutFigures.evaluate(
      critic, on: held, success: world.maximalReward ?? (training + held).map(\.reward).max() ?? 1)
    let report = TrainReport(
      critic: path, environment: world.identity, policy: policyIdentity, tasks: tasks.count,
      rollouts: training.count, rounds: settings.steps, unit: "steps", heldOut: figures,
      heldOutFrom: "\(held.count) rollouts of \(Set(held.map(\.task.id)).count) tasks from \(heldOutFrom)",
      seconds: (ContinuousClock.now - start).inSeconds)
    try await track("train", report, parameters: ["critic": name])
    return report
  }
}
