#if OpenWeights
  import Agents
  import ArgumentParser
  import Foundation
  import Reporting
  import Steering

  struct Tokens: Verb {
    static let configuration = CommandConfiguration(
      abstract: "Where a tuned model parts from its base, token by token.",
      discussion: """
        The tuned model's attempts at held-out tasks are scored under both models: how often both prefer the same token, how \
        undecided the base was where they do not (at forks), and where in the answer that is. Then two interventions on the \
        base: the tuned model draws the tokens at forks alone (oracle), or as many at random, and who passes how often.

        Attempts, interventions and figures are stored: the same command again asks for nothing.
        """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var chosen: TaskOptions

    @Option(
      help: ArgumentHelp(
        "The tuned model's adapter, a folder or a name beside the store; policy.adapter unless given.",
        valueName: "folder"))
    var adapter: String?

    @Option(help: ArgumentHelp("Attempts at each task.", valueName: "count"))
    var rollouts = 2

    @Option(
      help: ArgumentHelp("Draw one answer with its forks into this SVG file.", valueName: "file"))
    var picture: String?

    @Flag(help: "Only look at the tokens: no interventions, and nobody passes.")
    var noInterventions = false

    func validate() throws {
      if rollouts < 1 { throw ValidationError("--rollouts is at least 1.") }
    }

    func run() async throws {
      let workbench = try await Workbench(common)
      _ = try workbench.openPolicy(for: "tokens")
      try workbench.checkSampling(for: "tokens")
      let (tasks, split) = try chosen.select(from: workbench.suite, default: .test)
      guard let path = adapter.map(workbench.adapterPath) ?? workbench.configuration.policy.adapter else {
        throw ConfigurationError(
          "cox tokens looks at what a training changed: give --adapter, a folder that cox sharpen wrote, or policy.adapter."
        )
      }
      // Where --adapter names the tuned model, the base is the policy as it is configured.
      let base = adapter == nil ? try await workbench.tuned(by: nil) : workbench
      let comparison = TokenComparison(
        base: base, tuned: try await workbench.tuned(by: path), adapter: path, tasks: tasks, split: split,
        attempts: rollouts, intervenes: !noInterventions)
      let findings = try await stoppingInOrder(workbench.budget) {
        try await workbench.suite.closing { try await comparison.findings() }
      }
      try common.deliver(findings) { TokenTable(findings).text }
      if let picture {
        guard let svg = ForkPicture.svg(findings) else {
          throw ConfigurationError("There is no picture to draw: no answer of the tuned model has a token.")
        }
        try Console.write(Data(svg.utf8), toFile: picture)
      }
    }
  }
#endif
