#if OpenWeights
  import Agents
  import ArgumentParser
  import Foundation
  import OpenWeights
  import Reporting
  import RolloutStore
  import Steering
  import Tensors

  struct Sharpen: Verb {
    static let configuration = CommandConfiguration(
      abstract: "Train a low-rank adapter of an open model on rollouts.",
      discussion: """
        reasonmaxxer learns from the stored rollouts of the train split, at the few tokens where the model was undecided, and \
        is held to the model everywhere else. grpo makes attempts of its own, round by round. imitate learns to say what \
        successful rollouts say (--from expert after cox collect --expert).

        The policy is kind mlx. The adapter that does best on tasks of the validation split is written in PEFT's format; \
        use it with policy.adapter. Running the same command again goes on where it stopped.
        """)

    enum Method: String, CaseIterable, ExpressibleByArgument { case reasonmaxxer, grpo, imitate }

    @OptionGroup var common: CommonOptions

    @Option(help: "How to learn: reasonmaxxer, grpo or imitate.")
    var method = Method.reasonmaxxer

    @Option(
      help: ArgumentHelp(
        "The folder to write, or a name beside the store; the method's name unless given.", valueName: "folder"))
    var adapter: String?

    @Option(
      help: ArgumentHelp(
        "Whose stored rollouts to learn from, by the policy's identity; the configured policy's own unless given.",
        valueName: "policy"))
    var from: String?

    @Flag(help: "Only say how many problems, tokens and decisions there are.")
    var dryRun = false

    @OptionGroup(title: "What is learned") var learning: LearningOptions
    @OptionGroup(title: "GRPO") var rounds: RoundOptions
    @OptionGroup(title: "The adapter and the optimiser") var training: TrainingOptions

    @Option(
      help: ArgumentHelp("Also write the model with the adapter merged into it, to this folder.", valueName: "folder"))
    var merge: String?

    func run() async throws {
      let workspace = try await Workspace(common)
      let policy = try workspace.openPolicy(for: "sharpen")
      let report = try await cancellingOnInterrupt { [self] in try await sharpen(workspace, policy) }
      if let json = common.json { try Console.write(json: report, to: json) }
      if common.json != "-" { Console.print(report.text) }
    }

    private func sharpen(_ workspace: Workspace, _ policy: OpenPolicy) async throws -> SharpenReport {
      let start = ContinuousClock.now
      let base = try await policy.load()
      let encoder = try policy.encoder(base)
      let pass = workspace.suite.maximalReward ?? 1
      let temperature = max(workspace.configuration.policy.temperature, 0.01)
      let path = workspace.adapterPath(adapter ?? method.rawValue)
      let held = try heldOut(workspace)
      let progress = TrainingProgress(method.rawValue, quiet: common.quiet)
      func sharpener(_ settings: Sharpener.Settings) async throws -> Sharpener {
        try await Sharpener(
          base, encoder: encoder, temperature: temperature, settings: settings, heldOut: (held, pass),
          attempts: workspace.attempts(policy), report: progress.note)
      }
      var report = SharpenReport(
        method: method.rawValue, model: base.name, policy: workspace.policyIdentity, adapter: path, isDryRun: dryRun)
      var settings = training.settings
      settings.seed = workspace.configuration.steering.seed
      switch method {
      case .reasonmaxxer:
        let lessons = try await lessons(workspace, base, encoder, pass: pass, temperature: temperature, &report)
        let thresholds = learning.thresholds(of: lessons)
        report.thresholds = thresholds.map { SharpenReport.Threshold(lessons, learning.method(threshold: $0)) }
        if dryRun { return report }
        let (outcome, threshold) = try await sweep(
          thresholds, lessons, path: path, settings: settings, sharpener: sharpener, progress: progress)
        report.threshold = threshold
        report.finish(outcome, start)
      case .imitate:
        let rollouts = try await workspace.material(of: from, split: .train)
          .filter { $0.trajectory.reward >= pass - 1e-9 }
        let tokens = rollouts.map { RolloutTokens($0.trajectory, of: workspace.suite, encoder: encoder) }
        report.rollouts = tokens.count
        report.problems = Set(tokens.map(\.task)).count
        report.tokens = tokens.reduce(0) { $0 + $1.drawn }
        if dryRun { return report }
        var method = Imitation()
        method.steps = learning.steps ?? method.steps
        method.batch = learning.batch ?? method.batch
        progress.begin()
        report.finish(
          try await sharpener(settings).imitate(tokens, method, folder: path), start)
      case .grpo:
        let tasks = try workspace.suite.tasks(in: .train)
        report.problems = tasks.count
        if dryRun { return report }
        var method = rounds.method
        if let steps = learning.steps { method.rounds = max(1, steps / method.steps) }
        settings.evaluateEvery = max(method.steps, settings.evaluateEvery / method.steps * method.steps)
        progress.begin()
        report.finish(
          try await sharpener(settings).optimise(
            shuffled(tasks, seed: settings.seed), suite: workspace.suite, method, folder: path), start)
      }
      if let merge { try await write(merged: AdapterFolder(path), base: base, to: merge) }
      return report
    }

    private func shuffled(_ tasks: [AgentTask], seed: UInt64) -> [AgentTask] {
      var generator = Seed(seed).split("tasks").generator()
      return generator.drawn(tasks.count, from: tasks)
    }

    /// Tasks to choose among checkpoints by.
    private func heldOut(_ workspace: Workspace) throws -> [AgentTask] {
      Array(try workspace.suite.tasks(in: .validation).prefix(training.heldOut))
    }

    /// The rollouts of the problems taken, with their advantages and the frozen model's entropies.
    private func lessons(
      _ workspace: Workspace, _ base: LoadedModel, _ encoder: PromptEncoder, pass: Double, temperature: Double,
      _ report: inout SharpenReport
    ) async throws -> [Lesson] {
      let stored = try await workspace.material(of: from, split: .train)
      let tokens = stored.map { RolloutTokens($0.trajectory, of: workspace.suite, encoder: encoder) }
      let method = learning.method(threshold: 0)
      let selection = ProblemSelection(tokens, pass: pass, problems: method.problems, trim: method.trim)
      report.count(selection, of: tokens.count)
      let taken = Dictionary(uniqueKeysWithValues: selection.problems.map { ($0.task, $0) })
      guard !taken.isEmpty else {
        throw ConfigurationError(
          "No task of the train split has rollouts of both outcomes (\(selection.tooHard) end all badly, \(selection.tooEasy) all well): there is nothing to learn from. Collect more with cox collect --rollouts, or on easier or harder tasks."
        )
      }
      // The longest were left out: a rollout is found again by what it says.
      let entries = zip(stored, tokens).filter { entry in
        taken[entry.1.task]?.rollouts.contains { $0.sequences == entry.1.sequences } ?? false
      }.map { (rollout: $0.0, tokens: $0.1) }
      let figures = try await workspace.figures(of: entries, model: base, temperature: temperature)
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

    /// Trains at each threshold for a third of the steps, and to the end at the one that did best on held-out tasks.
    private func sweep(
      _ thresholds: [Double], _ lessons: [Lesson], path: String, settings: Sharpener.Settings,
      sharpener: (Sharpener.Settings) async throws -> Sharpener, progress: TrainingProgress
    ) async throws -> (Sharpener.Outcome, Double) {
      var best = thresholds[0]
      if thresholds.count > 1 {
        var score = -Double.infinity
        for threshold in thresholds {
          var method = learning.method(threshold: threshold)
          method.steps = max(1, method.steps / 3)
          guard !method.order(lessons).isEmpty else { continue }
          var brief = settings
          brief.evaluateEvery = method.steps
          progress.begin("τ \(Format.number(threshold))")
          let outcome = try await sharpener(brief).maximise(
            lessons, method, folder: "\(path)/threshold-\(Format.number(threshold))")
          if let last = outcome.scores.last(where: { $0.step > 0 }), last.pass > score {
            (best, score) = (threshold, last.pass)
          }
        }
      }
      progress.begin(thresholds.count > 1 ? "τ \(Format.number(best))" : "")
      let outcome = try await sharpener(settings).maximise(lessons, learning.method(threshold: best), folder: path)
      return (outcome, best)
    }

    @TensorActor
    private func write(merged folder: AdapterFolder, base: LoadedModel, to path: String) throws {
      try MergedModel.write(base, adapter: try folder.read(for: base.files.configuration), to: path)
    }
  }
#endif
