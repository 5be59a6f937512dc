import Agents
import Foundation
import Tensors

/// Makes attempts of a model at tasks. Returns each task's trajectories, nil for a failed attempt, and what they
/// cost.
package typealias Attempts =
  @Sendable (_ tasks: [AgentTask], _ attempts: Int, _ model: LoadedModel) async throws -> (
    trajectories: [[Trajectory?]], spent: Spent
  )

/// Trains an adapter step by step, evaluates it on held-out tasks, and keeps the best. Progress is saved in a folder,
/// from which the same call resumes.
@TensorActor
package final class Sharpener {
  package struct Settings: Sendable, Hashable, Codable {
    package var adapter = AdapterConfiguration()
    package var optimiser = OptimiserSettings()
    /// Keeps only the states between layers, and recomputes the rest: about half the memory, 10 to 20 % more time.
    package var checkpointing = true
    /// A batch is split into parts of about this many tokens, counted before common beginnings are merged. The
    /// gradients of the parts are added.
    package var tokensPerPass = 4096
    /// Steps between evaluations on the held-out tasks.
    package var evaluateEvery = 50
    /// Attempts at each held-out task.
    package var attempts = 4
    package var seed: UInt64 = 0

    package init() {}
  }

  package struct Outcome: Sendable, Codable {
    package let log: [TrainingStep]
    package let scores: [HeldOutScore]
    /// The step of the kept adapter: the best on held-out tasks, or the last step without such tasks.
    package let best: Int
    package let spent: Spent
    /// What the evaluations on held-out tasks cost.
    package let looked: Spent
    /// The duration of all sessions together, without work that was lost when a session was stopped.
    package let seconds: Double
  }

  package enum Event: Sendable {
    case step(TrainingStep, of: Int)
    case score(HeldOutScore)
    /// The folder held a different training, which was replaced.
    case anew
  }

  let base: LoadedModel
  let encoder: PromptEncoder
  /// The policy's temperature: training fits the distribution that the policy draws from.
  let temperature: Double
  package let settings: Settings
  let trainer: AdapterTrainer
  let heldOut: (tasks: [AgentTask], pass: Double)
  let attempts: Attempts
  /// Whether a different training in the folder is replaced; otherwise it is an error.
  private let replaces: Bool
  private let report: @Sendable (Event) -> Void

  /// - Parameters:
  ///   - heldOut: the tasks for choosing among checkpoints, and the lowest reward of a passing attempt.
  ///   - attempts: makes attempts of a model at tasks.
  package init(
    _ base: LoadedModel, encoder: PromptEncoder, temperature: Double, settings: Settings,
    heldOut: (tasks: [AgentTask], pass: Double), attempts: @escaping Attempts, replaces: Bool = false,
    report: @escaping @Sendable (Event) -> Void = { _ in }
  ) throws {
    self.base = base
    self.encoder = encoder
    self.temperature = temperature
    self.settings = settings
    self.heldOut = heldOut
    self.attempts = attempts
    self.replaces = replaces
    self.report = report
    let fresh =
      try base.adapter
      ?? AdapterWeights(
        settings.adapter, for: base.files.configuration, seed: Seed(settings.seed).split("adapter"))
    trainer = try AdapterTrainer(
      base.model, frozen: base.adapter, adapter: fresh, optimiser: settings.optimiser,
      checkpointing: settings.checkpointing)
  }

  /// The loss, the parts of the gradient and the tokens of one step. `isSilent` is set if there was nothing to learn.
  struct Batch {
    var loss = 0.0
    var parts: [[Tensor<Float>]] = []
    var tokens = 0
    var isSilent: Bool?
  }

  /// Trains up to step `steps`, resuming from the folder, and writes the best adapter to `folder`.
  ///
  /// - Parameters:
  ///   - identity: a digest of everything that determines the training.
  ///   - saveEvery: the number of steps between updates of the folder.
  ///   - whole: the number of steps that form a unit. A training that was stopped resumes after the last complete
  ///     unit.
  ///   - batch: the batch of a step, and what its attempts cost.
  func train(
    steps: Int, folder path: String, identity: String, saveEvery: Int, whole: Int = 1,
    batch: @TensorActor (_ step: Int) async throws -> (Batch, Spent)
  ) async throws -> Outcome {
    guard steps > 0, saveEvery > 0, settings.evaluateEvery > 0, settings.attempts > 0 else {
      throw ModelError("Steps, steps between two evaluations, and attempts must all be at least 1.")
    }
    let start = ContinuousClock.now
    let folder = TrainingFolder(path: path)
    if replaces, try folder.giveWay(to: identity) { report(.anew) }
    var state = try folder.state(of: identity) ?? TrainingFolder.State(identity: identity)
    if !state.log.isEmpty {
      let (adapter, _, optimiser) = try folder.load(
        state, for: base.files.configuration, optimiser: settings.optimiser)
      trainer.resume(adapter, optimiser)
    }
    let earlier = state.seconds ?? 0
    // Evaluates only at steps at which an uninterrupted training would, so that a stop does not change the result.
    if trainer.optimiser.step % settings.evaluateEvery == 0 {
      try await evaluate(at: trainer.optimiser.step, &state, folder)
    }
    while trainer.optimiser.step < steps {
      if Task.isCancelled {
        if !state.log.isEmpty, state.log.count % whole == 0 { try save(state, folder) }
        throw ModelError("Stopped after \(state.log.count) steps. Run the same command to continue.", isStopped: true)
      }
      let begun = ContinuousClock.now
      Engine.resetPeakMemory()
      let (learned, spent) = try await batch(trainer.optimiser.step)
      let norm = try learned.parts.isEmpty ? trainer.skip() : trainer.step(learned.parts)
      let number = trainer.optimiser.step
      state.spent += spent
      state.log.append(
        TrainingStep(
          step: number, loss: learned.loss, norm: norm, rate: settings.optimiser.rate(at: number),
          seconds: (ContinuousClock.now - begun).inSeconds, tokens: learned.tokens, peakMemory: Engine.peakMemory,
          isSilent: learned.isSilent))
      if let last = state.log.last { report(.step(last, of: steps)) }
      if number % settings.evaluateEvery == 0 || number == steps { try await evaluate(at: number, &state, folder) }
      state.seconds = earlier + (ContinuousClock.now - start).inSeconds
      if number % saveEvery == 0 || number == steps { try save(state, folder) }
      await Task.yield()
    }
    if heldOut.tasks.isEmpty { try writeBest(folder, at: state.log.count, &state) }
    try save(state, folder)
    let adapter = try folder.best.read(for: base.files.configuration)
    try AdapterFolder(path).write(adapter, base: base.path)
    return Outcome(
      log: state.log, scores: state.scores, best: state.best ?? state.log.count, spent: state.spent,
      looked: state.looked ?? Spent(), seconds: state.seconds ?? 0)
  }

  private func save(_ state: TrainingFolder.State, _ folder: TrainingFolder) throws {
    try folder.save(
      state, trainer.adapter, trainer.optimiser, model: base.files.configuration, base: base.path)
  }

  /// Evaluates on the held-out tasks once every `evaluateEvery` steps, and keeps the best adapter.
  private func evaluate(
    at step: Int, _ state: inout TrainingFolder.State, _ folder: TrainingFolder
  ) async throws {
    guard !heldOut.tasks.isEmpty, !state.scores.contains(where: { $0.step == step }) else { return }
    let (trajectories, spent) = try await attempts(
      heldOut.tasks, settings.attempts,
      base.with(trainer.adapter, named: "\(base.name)+\(try trainer.adapter.identity())"))
    let shares = trajectories.map { group in
      Double(group.count { ($0?.reward ?? -.infinity) >= heldOut.pass - 1e-9 }) / Double(max(group.count, 1))
    }
    let rewards = trajectories.map { group in
      group.reduce(0) { $0 + ($1?.reward ?? 0) } / Double(max(group.count, 1))
    }
    let count = Double(max(shares.count, 1))
    let mean = shares.reduce(0, +) / count
    let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    let score = HeldOutScore(
      step: step, pass: mean, passSE: (variance / count).squareRoot(), reward: rewards.reduce(0, +) / count,
      tasks: shares.count, attempts: settings.attempts)
    let best = state.scores.first { $0.step == state.best }
    state.scores.append(score)
    state.looked = (state.looked ?? Spent()) + spent
    // Ties in the pass rate are decided by the reward, then by the earlier step, which is closer to the frozen model.
    if best.map({ (score.pass, score.reward) > ($0.pass, $0.reward) }) ?? true {
      try writeBest(folder, at: step, &state)
    }
    report(.score(score))
  }

  private func writeBest(_ folder: TrainingFolder, at step: Int, _ state: inout TrainingFolder.State) throws {
    try folder.best.write(trainer.adapter, base: base.path)
    state.best = step
  }

  /// Groups items into parts with about as many tokens as one pass takes.
  nonisolated static func parts<T>(_ items: [T], tokens: (T) -> Int, most: Int) -> [[T]] {
    var parts: [[T]] = []
    var size = 0
    for item in items {
      if parts.isEmpty || size + tokens(item) > most {
        parts.append([])
        size = 0
      }
      parts[parts.count - 1].append(item)
      size += tokens(item)
    }
    return parts
  }
}
