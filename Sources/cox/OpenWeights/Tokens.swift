import ArgumentParser
import Foundation
import Reporting
import Workbench

struct Tokens: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Compare a tuned model with its base, token by token.",
    discussion: """
      Example: cox tokens --config model.yaml --adapter reasonmaxxer --picture forks.svg

      The tuned model's attempts at held-out tasks are scored under both models: how often both prefer the same \
      token, how undecided the base was where they do not (at forks), and where in the answer the forks are. Then \
      come two interventions on the base, and their pass rates: the tuned model draws only the tokens at forks \
      (oracle), or as many tokens at random places.

      Attempts, interventions and figures are stored: the same command, run again, makes no model calls.
      """)

  @OptionGroup(title: "Tokens") var own: TokensOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if let problem = Bounds.problem(own.rollouts, "--rollouts", most: Bounds.rollouts) {
      throw ValidationError(problem)
    }
  }

  func run() async throws {
    let findings = try await Workbench.with(common.options(limits)) { bench in
      try await bench.tokens(
        adapter: own.adapter, tasks: chosen.choice, attempts: own.rollouts, intervenes: !own.noInterventions)
    }
    try common.deliver(findings) { TokenTable(findings).text }
    if let picture = own.picture {
      guard let svg = ForkPicture.svg(findings) else {
        throw ConfigurationError("--picture has no answer to draw: no answer of the tuned model has a token.")
      }
      try OutputFile.write(Data(svg.utf8), to: picture)
    }
  }
}

/// Options that only `cox tokens` has.
struct TokensOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The tuned model's adapter, a folder or a name beside the store (default: policy.adapter).",
      valueName: "folder"))
  var adapter: String?

  @Option(help: ArgumentHelp("Attempts at each task.", valueName: "count"))
  var rollouts = 2

  @Option(
    help: ArgumentHelp("Draw one answer with its forks into this SVG file.", valueName: "file"))
  var picture: String?

  @Flag(help: "Only compare tokens: no interventions and no pass rates.")
  var noInterventions = false
}
