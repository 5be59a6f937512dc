import Agents
import Foundation
import OpenWeights
import Reporting
import RolloutStore
import Steering
import Tensors

/// Trains adapters on the rollouts and tasks of a workbench, for `cox sharpen` and `cox study`.
package struct Sharpening: Sendable {
  package enum Method: String, CaseIterable { case reasonmaxxer, grpo, imitate }

  package struct Settings: Sendable {
    /// The threshold is set to one of ``thresholds``.
    package var reasonMaxxer = ReasonMaxxer()
    /// τ in nats; nil tries three quantiles of the entropies.
    package var thresholds: [Double]?
    package var imitation = Imitation()
    package var grpo = GroupRelativePolicy()
    package var training = Sharpener.Settings()
    /// nil for the rate of ``training``.
    package var grpoLearningRate: Double?
    /// The number of validation tasks that choose among checkpoints.
    package var heldOut = 24

    package init(
      reasonMaxxer: ReasonMaxxer = ReasonMaxxer(), thresholds: [Double]? = nil,
      grpo: GroupRelativePolicy = GroupRelativePolicy(), training: Sharpener.Settings,
      grpoLearningRate: Double? = nil, heldOut: Int
    ) {
      self.reasonMaxxer = reasonMaxxer
      self.thresholds = thresholds
      self.grpo = grpo
      self.training = training
      self.grpoLearningRate = grpoLearningRate
      self.heldOut = heldOut
    }

    /// The settings for GRPO, with evaluations only at the ends of rounds.
    package var grpoTraining: Sharpener.Settings {
      var own = training
      own.optimiser.learningRate = grpoLearningRate ?? own.optimiser.learningRate
      own.evaluateEvery = max(grpo.steps, own.evaluateEvery / grpo.steps * grpo.steps)
      return own
    }
  }

  package let workbench: Workbench
  package let policy: MLXKind
  package let settings: Settings
  /// The identity of the policy whose stored rollouts are used; nil for the configured policy.
  package var from: String?
  /// The train tasks to learn from; nil for all.
  package var tasks: Set<TaskID>?
  /// Whether another training in the folder is replaced. Otherwise it is an error.
  package var replaces = false

  /// The inputs that every method needs.
  private struct Ground {
    let base: LoadedModel
    let encoder: PromptEncoder
    /// The reward from which an attempt passes.
    let pass: Double
    let temperature: Double
    let progress: TrainingProgress
  }

  /// Trains, and resumes from the folder if it holds a part of this training.
  ///
  /// - Parameter path: the folder to write.
  package func run(_ method: Method, path: String, isDryRun: Bool = false) async throws -> SharpenReport {
    let base = try await policy.load()
    let ground = Ground(
      base: base, encoder: try policy.encoder(base), pass: workbench.world.maximalReward ?? 1,
      temperature: max(workbench.configuration.policy.samplingTemperature, 0.01),
      progress: TrainingProgress(method.rawValue, observer: workbench.observer))
    var report = SharpenReport(
      method: method.rawValue, model: base.name, policy: workbench.policyIdentity, adapter: path, isDryRun: isDryRun)
    let outcome: Sharpener.Outcome?
    switch method {
    case .reasonmaxxer: outcome = try await maximise(ground, path, &report)
    case .imitate: outcome = try await imitate(ground, path, &report)
    case .grpo: outcome = try await optimise(ground, path, &report)
    }
    if let outcome { report.finish(outcome) }
    return report
  }

  private func sharpener(_ ground: Ground, _ settings: Sharpener.Settings) async throws -> Sharpener {
    try await Sharpener(
      ground.base, encoder: ground.encoder, temperature: ground.temperature, settings: settings,
      heldOut: (
        Array(try workbench.world.tasks(in: .validation).prefix(self.settings.heldOut)), ground.pass
      ), attempts: workbench.attempts(policy), replaces: replaces,
      report: ground.progress.note)
  }

  private func maximise(
    _ ground: Ground, _ path: String, _ report: inout SharpenReport
  ) async throws -> Sharpener.Outcome? {
    let lessons = try await lessons(ground, &report)
    let thresholds = settings.thresholds ?? Self.thresholds(of: lessons)
    report.thresholds = thresholds.map { SharpenReport.Threshold(lessons, method(threshold: $0)) }
    return report.isDryRun ? nil : try await sweep(thresholds, lessons, ground, path, &report)
  }

  private func imitate(
    _ ground: Ground, _ path: String, _ report: inout SharpenReport
  ) async throws -> Sharpener.Outcome? {
    let rollouts = try await material().filter { $0.trajectory.reward >= ground.pass - 1e-9 }
    let tokens = try rollouts.map { try RolloutTokens($0.trajectory, of: workbench.world, encoder: ground.encoder) }
    report.rollouts = tokens.count
    report.problems = Set(tokens.map(\.task)).count
    report.tokens = tokens.reduce(0) { $0 + $1.drawn }
    if report.isDryRun { return nil }
    ground.progress.begin()
    let outcome = try await sharpener(ground, settings.training).imitate(tokens, settings.imitation, folder: path)
    report.count(outcome)
    return outcome
  }

  private func optimise(
    _ ground: Ground, _ path: String, _ report: inout SharpenReport
  ) async throws -> Sharpener.Outcome? {
    let all = try workbench.world.tasks(in: .train).filter { tasks?.contains($0.id) ?? true }
    report.problems = all.count
    if report.isDryRun { return nil }
    let (training, round) = (settings.grpoTraining, settings.grpo.steps)
    var generator = Seed(training.seed).split("tasks").generator()
    ground.progress.begin()
    let outcome = try await sharpener(ground, training).optimise(
      generator.drawn(all.count, from: all), world: workbench.world, settings.grpo, folder: path)
    report.count(outcome)
    // The attempts of a round are scored once at its start, under the frozen model.
    report.scoredTokens += outcome.log.reduce(0) { $0 + (($1.step - 1) % round == 0 ? $1.tokens : 0) }
    return outcome
  }

  private func material() async throws -> [Rollout] {
    try await workbench.material(of: from, split: .train).filter { tasks?.contains($0.trajectory.task.id) ?? true }
  }

  private func method(threshold: Double) -> ReasonMaxxer {
    var method = settings.reasonMaxxer
    method.threshold = threshold
    return method
  }

  /// The entropies that a half, a quarter and a tenth of the tokens exceed.
  private static func thresholds(of lessons: [Lesson]) -> [Double] {
    let entropies = lessons.flatMap { $0.entropies.flatMap { $0 } }.sorted()
    guard !entropies.isEmpty else { return [ReasonMaxxer().threshold] }
    let values = [0.5, 0.75, 0.9].map { share in
      (Double(entropies[min(entropies.count - 1, Int(share * Double(entropies.count)))]) * 100).rounded() / 100
    }
    return Array(Set(values)).sorted()
  }

  /// The rollouts of the selected problems, with their advantages and the frozen model's entropies.
  private func lessons(_ ground: Ground, _ report: inout SharpenReport) async throws -> [Lesson] {
    let stored = try await material()
    let tokens = try stored.map { try RolloutTokens($0.trajectory, of: workbench.world, encoder: ground.encoder) }
    let method = settings.reasonMaxxer
    let selection = ProblemSelection(tokens, pass: ground.pass, problems: method.problems, trim: method.trim)
    report.count(selection, of: tokens.count)
    let taken = Dictionary(uniqueKeysWithValues: selection.problems.map { ($0.task, $0) })
    guard !taken.isEmpty else {
      throw ConfigurationError(
        """
        No task of the train split has rollouts of both outcomes, so that there is nothing to learn from: of \
        \(selection.tooHard) tasks no rollout passes, of \(selection.tooEasy) all pass. Collect more with cox \
        collect --rollouts, or on easier or harder tasks.
        """)
    }
    // The longest rollouts were left out. The remaining ones are identified by their tokens.
    let entries = zip(stored, tokens).filter { entry in
      taken[entry.1.task]?.rollouts.contains { $0.sequences == entry.1.sequences } ?? false
    }.map { (rollout: $0.0, tokens: $0.1) }
    report.scoredTokens += entries.reduce(0) { $0 + $1.tokens.length }
    let start = ContinuousClock.now
    let figures = try await workbench.figures(
      of: entries.map { ($0.rollout.key, $0.tokens) }, model: ground.base, temperature: ground.temperature)
    report.seconds = (ContinuousClock.now - start).inSeconds
    var lessons: [Lesson] = []
    for (_, group) in Dictionary(grouping: entries.indices, by: { entries[$0].tokens.task }).sorted(by: {
      $0.key < $1.key
    }) {
      let advantages = ProblemSelection.advantages(group.map { entries[$0].tokens.reward })
      for (place, advantage) in zip(group, advantages) {
        lessons.append(
          Lesson(
            rollout: entries[place].tokens, advantage: advantage, figures: figures[place]))
      }
    }
    return lessons
  }

  /// Trains at each threshold for a third of the steps. Then trains completely at the threshold that did best on
  /// held-out tasks.
  private func sweep(
    _ thresholds: [Double], _ lessons: [Lesson], _ ground: Ground, _ path: String, _ report: inout SharpenReport
  ) async throws -> Sharpener.Outcome {
    let usable = thresholds.filter { !method(threshold: $0).order(lessons).isEmpty }
    guard var best = usable.first else {
      throw ConfigurationError(
        "No token has more than \(thresholds.min().map { Format.number($0) } ?? "0") nats of entropy: lower --threshold."
      )
    }
    if usable.count > 1 {
      guard try !workbench.world.tasks(in: .validation).prefix(settings.heldOut).isEmpty else {
        throw ConfigurationError(
          """
          Several thresholds are compared on held-out tasks, and there are none: give a single --threshold, or tasks \
          of the validation split.
          """)
      }
      var score = (-Double.infinity, -Double.infinity)
      for threshold in usable {
        var method = method(threshold: threshold)
        method.steps = max(1, method.steps / 3)
        var brief = settings.training
        brief.evaluateEvery = method.steps
        ground.progress.begin("τ \(Format.number(threshold))")
        let outcome = try await sharpener(ground, brief).maximise(
          lessons, method, folder: "\(path)/threshold-\(threshold)")
        report.count(outcome)
        if settings.reasonMaxxer.anchor > 0 { report.scoredTokens += outcome.log.reduce(0) { $0 + $1.tokens } }
        if let last = outcome.scores.last(where: { $0.step > 0 }), (last.pass, last.reward) > score {
          (best, score) = (threshold, (last.pass, last.reward))
        }
      }
    }
    ground.progress.begin(usable.count > 1 ? "τ \(Format.number(best))" : "")
    let outcome = try await sharpener(ground, settings.training).maximise(
      lessons, method(threshold: best), folder: path)
    report.count(outcome)
    // With an anchor, the frozen model scores the same tokens at every step.
    if settings.reasonMaxxer.anchor > 0 { report.scoredTokens += outcome.log.reduce(0) { $0 + $1.tokens } }
    report.threshold = best
    return outcome
  }
}
