#if OpenWeights
  import Agents
  import Foundation
  import Tensors

  /// Attempts of a model at tasks, made by whoever knows the world: for each task its trajectories, nil for one that failed
  /// half-way, and what they took.
  package typealias Attempts =
    @Sendable (_ tasks: [AgentTask], _ attempts: Int, _ model: LoadedModel) async throws -> (
      trajectories: [[Trajectory?]], spent: Spent
    )

  /// Trains an adapter step by step, looks at how it does on tasks it does not learn from, and keeps the best. What was done is
  /// kept in a folder as it goes: the same call again goes on from there.
  @TensorActor
  package final class Sharpener {
    package struct Settings: Sendable, Hashable, Codable {
      package var adapter = AdapterConfiguration()
      package var optimiser = OptimiserSettings()
      /// Keep only what lies between layers, and compute the rest again: about half the memory, 10 to 20 % more time.
      package var checkpointing = true
      /// A batch is worked through in parts of about this many tokens, before what texts have in common is taken together; the
      /// parts' gradients are added.
      package var tokensPerPass = 4096
      /// Steps between two looks at the held-out tasks.
      package var evaluateEvery = 50
      /// Attempts at each held-out task.
      package var attempts = 4
      package var seed: UInt64 = 0

      package init() {}
    }

    package struct Outcome: Sendable, Codable {
      package let log: [TrainingStep]
      package let scores: [HeldOutScore]
      /// The step whose adapter was kept: the best on held-out tasks, the last where there are none.
      package let best: Int
      package let spent: Spent
      /// What looking at the held-out tasks took.
      package let looked: Spent
      /// Of all sessions together, but for what was lost of a stopped one.
      package let seconds: Double
    }

    package enum Event: Sendable {
      case step(TrainingStep, of: Int)
      case score(HeldOutScore)
      /// The folder held another training, which gave way.
      case anew
    }

    let base: LoadedModel
    let encoder: PromptEncoder
    /// The policy's: what is learned is the distribution it draws from.
    let temperature: Double
    package let settings: Settings
    let trainer: AdapterTrainer
    let heldOut: (tasks: [AgentTask], pass: Double)
    let attempts: Attempts
    /// Another training in the folder gives way, where it is an error otherwise.
    private let replaces: Bool
    private let report: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - heldOut: tasks to choose among checkpoints by, and the reward from which an attempt passes.
    ///   - attempts: asks a model for attempts at tasks.
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

    /// The loss, the gradient's parts and the tokens of one step, and whether it had nothing to learn from.
    struct Batch {
      var loss = 0.0
      var parts: [[Tensor<Float>]] = []
      var tokens = 0
      var isSilent: Bool?
    }

    /// Takes `steps` steps, from where the folder stands, and writes the best adapter to `folder`.
    ///
    /// - Parameters:
    ///   - identity: everything that decides the training.
    ///   - saveEvery: steps after which the folder is brought up to date.
    ///   - whole: steps that are done together or not at all; a training that is stopped goes on from the last of them.
    ///   - batch: what the step of this number learns, and what it asked for.
    func train(
      steps: Int, folder path: String, identity: String, saveEvery: Int, whole: Int = 1,
      batch: @TensorActor (_ step: Int) async throws -> (Batch, Spent)
    ) async throws -> Outcome {
      guard steps > 0, saveEvery > 0, settings.evaluateEvery > 0, settings.attempts > 0 else {
        throw ModelError("Steps, the steps between two looks, and attempts are at least 1.")
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
      // Only where a training that was never stopped would look, so that it makes no difference.
      if trainer.optimiser.step % settings.evaluateEvery == 0 {
        try await evaluate(at: trainer.optimiser.step, &state, folder)
      }
      while trainer.optimiser.step < steps {
        if Task.isCancelled {
          if !state.log.isEmpty, state.log.count % whole == 0 { try save(state, folder) }
          throw ModelError("Stopped after \(state.log.count) steps. Run the same command to go on.", isStopped: true)
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

    /// Looks at the held-out tasks once after each step of `evaluateEvery`, and keeps the adapter that does best there.
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
      // Of equals the reward decides, then the earlier step, which strayed less.
      if best.map({ (score.pass, score.reward) > ($0.pass, $0.reward) }) ?? true {
        try writeBest(folder, at: step, &state)
      }
      report(.score(score))
    }

    private func writeBest(_ folder: TrainingFolder, at step: Int, _ state: inout TrainingFolder.State) throws {
      try folder.best.write(trainer.adapter, base: base.path)
      state.best = step
    }

    /// Rollouts in parts of about as many tokens as one pass takes.
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
#endif
