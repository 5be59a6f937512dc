import ArgumentParser
import OpenWeights
import Reporting
import Steering
import Workbench

struct Study: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Measure steering a frozen model against training it, on the same tasks.",
    discussion: """
      Example: cox study --config model.yaml --dry-run

      Collects rollouts, trains a critic and two adapters on them (ReasonMaxxer, and GRPO as the reference), then measures \
      on held-out tasks: single attempts, best-of-N and pass@k of each model, populations steered by N, steering on top of \
      the sharpened model, and at which tokens each tuned model differs from the base. The results are written to \
      study.json beside the store, for cox report.

      A study takes long. Every answer, training and stage is stored when it is done. The same command, run again, \
      continues where it stopped, and makes no model calls once all is done. --dry-run prints what is left.
      """)

  @OptionGroup(title: "Study") var own: StudyOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

  @OptionGroup(title: "ReasonMaxxer") var learning: LearningOptions
  @OptionGroup(title: "Optimiser steps") var steps: StepOptions
  @OptionGroup(title: "GRPO") var rounds: RoundOptions
  @OptionGroup(title: "The adapters and the optimiser") var training: TrainingOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    for (name, value) in [
      ("rollouts", own.rollouts), ("attempts", own.attempts), ("particles", own.particles),
      ("token-rollouts", own.tokenRollouts),
      ("held-out-attempts", own.heldOutAttempts),
    ] {
      if let problem = Bounds.problem(value, "--\(name)", most: Bounds.rollouts) { throw ValidationError(problem) }
    }
    if let grpoLearningRate = own.grpoLearningRate, !(grpoLearningRate > 0 && grpoLearningRate.isFinite) {
      throw ValidationError("--grpo-learning-rate is \(grpoLearningRate); it must be above 0.")
    }
    if let beta = own.beta, !(beta > 0 && beta.isFinite) {
      throw ValidationError("--beta is \(beta); it must be above 0.")
    }
    if let resample = own.resample { _ = try SteeringSettings.schedule(resample, named: "--resample") }
  }

  func run() async throws {
    let chosen = try own.stages.map(StudyStage.named) ?? Set(StudyStage.allCases)
    try await Workbench.with(common.options(limits)) { bench in
      let pipeline = try StudyPipeline(bench, settings(bench.configuration, of: bench))
      if own.dryRun {
        let left = StudyLeft(pipeline, await pipeline.done(), chosen)
        return try common.deliver(left) { left.text }
      }
      let findings = try await pipeline.study(chosen)
      try common.deliver(findings) {
        ([StudyTable(findings).text] + findings.tokens.map { "\n\($0.tuned)\n\(TokenTable($0).text)" }
          + ["\nWritten to \(bench.studyPath); cox report shows it."]).joined(separator: "\n")
      }
    }
  }

  private func settings(_ configuration: Configuration, of bench: Workbench) throws -> StudyPipeline.Settings {
    StudyPipeline.Settings(
      trainTasks: try TaskChoice(split: .train, tasks: own.trainTasks, flag: "--train-tasks")
        .select(from: bench.world, default: .train).tasks,
      testTasks: try TaskChoice(split: .test, tasks: own.testTasks, flag: "--test-tasks")
        .select(from: bench.world, default: .test).tasks,
      rollouts: own.rollouts, attempts: own.attempts, particles: own.particles, tokenRollouts: own.tokenRollouts,
      resample: own.resample, temperature: own.beta,
      sharpening: Sharpening.Settings(
        reasonMaxxer: learning.method(steps), thresholds: learning.thresholds,
        grpo: rounds.method(steps: steps.steps),
        training: try training.settings(
          attempts: own.heldOutAttempts, seed: configuration.steering.seed, base: configuration.policy.adapter),
        grpoLearningRate: own.grpoLearningRate,
        heldOut: training.heldOut))
  }
}

/// Options that only `cox study` has.
struct StudyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Train tasks, by their positions in the split (default: all).", valueName: "tasks"))
  var trainTasks: String?

  @Option(help: ArgumentHelp("Test tasks, by their positions in the split (default: all).", valueName: "tasks"))
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

  @Option(
    name: [.customLong("beta"), .customLong("temperature")],
    help: ArgumentHelp("β, in reward units (steering.temperature).", valueName: "β"))
  var beta: Double?

  @Option(
    help: ArgumentHelp(
      """
      Run only these stages, separated by commas; finished stages count too. The stages: \
      \(StudyStage.allCases.map(\.rawValue).joined(separator: ", ")).
      """,
      valueName: "stages"))
  var stages: String?

  @Flag(help: "Only print which stages are done and about how many model calls are left.")
  var dryRun = false

  @Option(
    help: ArgumentHelp("GRPO's learning rate (default: --learning-rate, as for ReasonMaxxer).", valueName: "rate"))
  var grpoLearningRate: Double?

  @Option(
    help: ArgumentHelp(
      "Attempts at each held-out task, by which a checkpoint is chosen.", valueName: "count"))
  var heldOutAttempts = 4
}
