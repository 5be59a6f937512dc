#if OpenWeights
  import Agents
  import ArgumentParser
  import Foundation
  import OpenWeights
  import Reporting
  import Steering

  struct Study: Verb {
    static let configuration = CommandConfiguration(
      abstract: "Steering a frozen model against training it: both, on this machine and the same tasks.",
      discussion: """
        Collects rollouts, trains a critic and two adapters on them (ReasonMaxxer, and GRPO as the reference), then measures \
        on held-out tasks: single attempts, best-of-N and pass@k of each model, populations steered by N, steering on top of \
        the sharpened model, and where each tuned model parts from the base. What follows is left beside the store as \
        study.json, for cox report.

        It takes long. Every answer, every training and every stage is kept as it goes: the same command again goes on where \
        it stopped, and asks for nothing once it is done. --dry-run says what is left.
        """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Train tasks, by their places in the split; all unless given.", valueName: "tasks"))
    var trainTasks: String?

    @Option(help: ArgumentHelp("Test tasks, by their places in the split; all unless given.", valueName: "tasks"))
    var testTasks: String?

    @Option(help: ArgumentHelp("Attempts at each train task, to learn from.", valueName: "count"))
    var rollouts = 16

    @Option(help: ArgumentHelp("Attempts of each model at each test task.", valueName: "count"))
    var attempts = 64

    @Option(help: ArgumentHelp("The largest N; all powers of two up to it are steered.", valueName: "N"))
    var particles = 32

    @Option(help: ArgumentHelp("Attempts at each test task for the token-level tables.", valueName: "count"))
    var tokenRollouts = 2

    @Option(
      help: ArgumentHelp(
        "When to resample: none, auto (as cox plan says), steps:4,8 or ess:0.5 (steering.resample).",
        valueName: "schedule"))
    var resample: String?

    @Option(help: ArgumentHelp("β, in reward units (steering.temperature).", valueName: "β"))
    var temperature: Double?

    @Option(
      help: ArgumentHelp(
        "Only these stages, with commas, and what is done: \(StudyStage.allCases.map(\.rawValue).joined(separator: ", ")).",
        valueName: "stages"))
    var stages: String?

    @Flag(help: "Only say which stages are done, and about how many model calls are left.")
    var dryRun = false

    @OptionGroup(title: "ReasonMaxxer") var learning: LearningOptions
    @OptionGroup(title: "GRPO") var rounds: RoundOptions
    @Option(
      help: ArgumentHelp("GRPO's learning rate; --learning-rate, as ReasonMaxxer's, unless given.", valueName: "rate"))
    var grpoLearningRate: Double?

    @OptionGroup(title: "The adapters and the optimiser") var training: TrainingOptions

    @Option(
      help: ArgumentHelp("Attempts at each held-out task that chooses among checkpoints.", valueName: "count"))
    var heldOutAttempts = 4

    func validate() throws {
      for (name, value) in [
        ("rollouts", rollouts), ("attempts", attempts), ("particles", particles), ("token-rollouts", tokenRollouts),
        ("held-out-attempts", heldOutAttempts),
      ] where value < 1 { throw ValidationError("--\(name) is at least 1.") }
      if let grpoLearningRate, !(grpoLearningRate > 0 && grpoLearningRate.isFinite) {
        throw ValidationError("--grpo-learning-rate is above 0.")
      }
      if let temperature, !(temperature > 0 && temperature.isFinite) {
        throw ValidationError("--temperature is above 0.")
      }
      if let resample { _ = try SteeringSettings.schedule(resample, named: "--resample") }
    }

    func run() async throws {
      let chosen = try stages.map(StudyStage.named) ?? Set(StudyStage.allCases)
      let workbench = try await Workbench(common)
      let pipeline = try pipeline(workbench)
      if dryRun {
        let done = await pipeline.done()
        await workbench.suite.close()
        let left = StudyLeft(pipeline, done, chosen)
        if let json = common.json { try Console.write(json: left, to: json) }
        if common.json != "-" { Console.print(left.text) }
        return
      }
      let quiet = common.quiet
      let findings = try await stoppingInOrder(workbench.budget) {
        do {
          let results = try await workbench.suite.closing {
            try await pipeline.run(chosen) { if !quiet { Console.note($0) } }
          }
          return pipeline.findings(results)
        } catch {
          // What is done is shown in cox report also where the rest is not.
          try? Console.write(json: pipeline.findings(await pipeline.done()), to: workbench.studyPath)
          throw error
        }
      }
      try Console.write(json: findings, to: workbench.studyPath)
      if let json = common.json { try Console.write(json: findings, to: json) }
      if common.json != "-" {
        Console.print(StudyTable(findings).text)
        for tokens in findings.tokens { Console.print("\n\(tokens.tuned)\n\(TokenTable(tokens).text)") }
        Console.print("\nWritten to \(workbench.studyPath); cox report shows it.")
      }
    }

    private func pipeline(_ workbench: Workbench) throws -> StudyPipeline {
      _ = try workbench.openPolicy(for: "study")
      try workbench.checkSampling(for: "study")
      let configuration = workbench.configuration
      guard configuration.critic.kind == .trees else {
        throw ConfigurationError(
          "cox study trains trees on its own rollouts and steers by them, and critic.kind is \(configuration.critic.kind.rawValue): leave critic out. Other critics are compared by cox compare --critic."
        )
      }
      return StudyPipeline(
        workbench: workbench,
        settings: StudyPipeline.Settings(
          trainTasks: try TaskOptions.select(trainTasks, by: "--train-tasks", in: .train, of: workbench.suite).tasks,
          testTasks: try TaskOptions.select(testTasks, by: "--test-tasks", in: .test, of: workbench.suite).tasks,
          rollouts: rollouts, attempts: attempts, particles: particles, tokenRollouts: tokenRollouts,
          resample: resample, temperature: temperature,
          sharpening: Sharpening.Settings(
            reasonMaxxer: learning.method, thresholds: learning.thresholds, grpo: rounds.method(steps: learning.steps),
            training: try training.settings(
              attempts: heldOutAttempts, seed: configuration.steering.seed, base: configuration.policy.adapter),
            grpoLearningRate: grpoLearningRate,
            heldOut: training.heldOut)))
    }
  }

  /// Which stages are done, and what is left: of `--dry-run`.
  private struct StudyLeft: Encodable {
    struct Stage: Encodable {
      let name: String
      let isDone: Bool
      /// About how many, where it is to be run.
      let calls: Int
    }

    let stages: [Stage]
    let calls: Int

    init(_ pipeline: StudyPipeline, _ done: StudyPipeline.Results, _ chosen: Set<StudyStage>) {
      stages = StudyStage.allCases.filter { chosen.contains($0) || done[$0] != nil }.map {
        Stage(name: $0.rawValue, isDone: done[$0] != nil, calls: pipeline.callsLeft($0, after: done))
      }
      calls = stages.reduce(0) { $0 + $1.calls }
    }

    var text: String {
      var table = TextTable(columns: [.left("stage"), .left("state"), .right("calls left, about")])
      for stage in stages {
        table.append([stage.name, stage.isDone ? "done" : "to do", stage.isDone ? "–" : Format.count(stage.calls)])
      }
      return table.text
        + "\n\nAbout \(Format.count(calls)) model calls are left; answers that are stored are not asked again."
    }
  }
#endif
