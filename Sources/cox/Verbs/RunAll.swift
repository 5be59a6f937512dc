import ArgumentParser
import Findings
import Reporting
import Workbench

struct RunAll: Verb {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Go the whole way under one budget: collect, train, diagnose, plan, compare.",
    discussion: """
      Example: cox run --config c.yaml --limit-cost 5

      Each stage says what it found and what the next one will cost. The command ends where there is nothing to select: \
      no call is spent on steering that cannot help. Limits hold for all stages together. The same command, run again, \
      continues where it stopped.
      """)

  @OptionGroup(title: "The whole way") var own: RunAllOptions
  @OptionGroup(title: "The whole way") var planning: PlanningWork
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if let problem = Bounds.problem(own.rollouts, "--rollouts", most: Bounds.rollouts) {
      throw ValidationError(problem)
    }
    if own.rollouts < 2 { throw ValidationError("--rollouts is \(own.rollouts); it must be at least 2.") }
  }

  func run() async throws {
    let (report, compared) = try await Workbench.with(common.options(limits, agent: agent)) { bench in
      try await bench.goWholeWay(rollouts: own.rollouts, work: planning.work, say: common.say)
    }
    try common.deliver(report) {
      report.comparison.map { "\n" + $0.text } ?? ""
    }
    if let end = compared?.end { throw end }
  }
}

/// Options that only `cox run` has.
struct RunAllOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Attempts at each train and validation task.", valueName: "count"))
  var rollouts = 4
}
