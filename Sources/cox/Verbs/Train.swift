import ArgumentParser
import Workbench

struct Train: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Fit a critic on the store and print its figures on tasks it never saw.",
    discussion: """
      Example: cox train --config c.yaml

      Boosted trees that predict the distribution of the return-to-go. Trained on the stored rollouts of the train split; \
      judged on those of the validation split or, where there are none, on a fifth of the train tasks, held out. \
      --critic lm trains a language model that reads the states instead (a low-rank adapter and a head), in this process.
      """)

  @OptionGroup(title: "Critic") var own: TrainOptions
  @OptionGroup(title: "The language-model critic (--critic lm)") var reading: ReadingOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if own.critic == LMKind.name, own.fromSteering { throw ValidationError("--from-steering is for critics of trees.") }
    if own.critic != LMKind.name, let option = reading.given.first {
      throw ValidationError("--\(option) needs --critic lm: it is an option of the language-model critic only.")
    }
  }

  func run() async throws {
    let report = try await Workbench.with(common.options(agent: agent), creating: false, train)
    try common.deliver(report) { report.text }
  }

  private func train(_ bench: Workbench) async throws -> TrainReport {
    guard own.critic == LMKind.name else {
      return try await bench.train(own.critic, fromSteering: own.fromSteering)
    }
    let (reading, seed) = (reading, common.seed)
    return try await bench.observer.resumable(bench.budget) {
      try await bench.trainReader("lm", options: reading.settings(seed))
    }
  }
}

/// Options that only `cox train` has.
struct TrainOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The critic's name, or a file ending in .json to write it to.", valueName: "name"),
    completion: .trainedCritics)
  var critic = TreesKind.name

  @Flag(help: "Also learn from the steps of stored steered runs on train tasks, with one-step returns as targets.")
  var fromSteering = false
}
