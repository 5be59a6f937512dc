import ArgumentParser
import OpenWeights
import Workbench

struct Sharpen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a low-rank adapter of an open model on rollouts.",
    usage: "cox sharpen [reasonmaxxer | grpo | imitate] [<options>]",
    discussion: """
      Example: cox sharpen reasonmaxxer --config model.yaml --steps 60

      The policy is kind mlx. The adapter that does best on tasks of the validation split is written in PEFT's format; \
      use it with policy.adapter. The same command, run again, continues where it stopped.
      """,
    subcommands: [SharpenByReasonMaxxer.self, SharpenByGRPO.self, SharpenByImitation.self],
    defaultSubcommand: SharpenByReasonMaxxer.self)
}

/// A method of sharpening, as a subcommand.
protocol SharpeningVerb: Verb {
  var limits: LimitOptions { get }
  var output: AdapterOptions { get }
  var training: TrainingOptions { get }

  /// Sets the method's own settings in a request. Returns the method and the policy whose rollouts it learns from.
  func request(_ settings: inout Sharpening.Settings) -> (method: Sharpening.Method, from: String?)
}

extension SharpeningVerb {
  func run() async throws {
    let report = try await Workbench.with(common.options(limits)) { bench in
      let configuration = bench.configuration
      var settings = Sharpening.Settings(
        training: try training.settings(
          attempts: output.attempts, seed: configuration.steering.seed, base: configuration.policy.adapter),
        heldOut: training.heldOut)
      let (method, from) = request(&settings)
      var request = SharpenRequest(method, settings: settings)
      request.from = from
      request.adapter = output.adapter
      request.isDryRun = output.dryRun
      request.merge = output.merge
      request.base = output.base
      return try await bench.sharpen(request)
    }
    try common.deliver(report) { report.text }
  }
}

struct SharpenByReasonMaxxer: SharpeningVerb {
  static let configuration = CommandConfiguration(
    commandName: "reasonmaxxer",
    abstract: "Learn from stored rollouts, at the few tokens where the model was undecided.",
    discussion: """
      Example: cox sharpen reasonmaxxer --config model.yaml --threshold 0.63 --steps 60

      A contrastive low-rank adapter (arXiv 2605.06241): tokens above the entropy threshold are pushed towards the better \
      rollouts of their task. At all other tokens the adapter is kept close to the frozen model.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup(title: "What is learned from") var source: SourceOptions
  @OptionGroup(title: "What is learned") var learning: LearningOptions
  @OptionGroup(title: "Steps") var steps: StepOptions
  @OptionGroup(title: "The adapter") var output: AdapterOptions
  @OptionGroup(title: "The adapter's size and the optimiser") var training: TrainingOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

  func request(_ settings: inout Sharpening.Settings) -> (method: Sharpening.Method, from: String?) {
    settings.reasonMaxxer = learning.method(steps)
    settings.thresholds = learning.thresholds
    return (.reasonmaxxer, source.from)
  }
}

struct SharpenByGRPO: SharpeningVerb {
  static let configuration = CommandConfiguration(
    commandName: "grpo",
    abstract: "Make attempts round by round and learn from each round.",
    discussion: """
      Example: cox sharpen grpo --config model.yaml --rounds 30

      Group-relative policy optimisation: the reference that cheaper methods are compared with.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup(title: "Rounds") var rounds: RoundOptions
  @Option(help: ArgumentHelp("Optimiser steps in all (default: 80 rounds).", valueName: "count"))
  var steps: Int?
  @OptionGroup(title: "The adapter") var output: AdapterOptions
  @OptionGroup(title: "The adapter's size and the optimiser") var training: TrainingOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

  func validate() throws {
    if let problem = Bounds.problem(steps, "--steps", most: Bounds.steps) { throw ValidationError(problem) }
  }

  func request(_ settings: inout Sharpening.Settings) -> (method: Sharpening.Method, from: String?) {
    settings.grpo = rounds.method(steps: steps)
    return (.grpo, nil)
  }
}

struct SharpenByImitation: SharpeningVerb {
  static let configuration = CommandConfiguration(
    commandName: "imitate",
    abstract: "Learn to give the answers of successful rollouts.",
    discussion: """
      Example: cox collect --config model.yaml --expert && cox sharpen imitate --config model.yaml --from expert
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup(title: "What is learned from") var source: SourceOptions
  @OptionGroup(title: "Steps") var steps: StepOptions
  @OptionGroup(title: "The adapter") var output: AdapterOptions
  @OptionGroup(title: "The adapter's size and the optimiser") var training: TrainingOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

  func request(_ settings: inout Sharpening.Settings) -> (method: Sharpening.Method, from: String?) {
    settings.imitation = steps.imitation
    return (.imitate, source.from)
  }
}
