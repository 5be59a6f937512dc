import ArgumentParser
import Steering
import Workbench

struct Collect: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Roll out the frozen policy and store the trajectories.",
    discussion: """
      Example: cox collect --config c.yaml --split train --rollouts 6

      Makes independent attempts at every task of a split, and stores them to train a critic on and to diagnose. The \
      same command, run again, makes only the attempts that are missing; with more --rollouts the stored ones are \
      kept. Failed attempts are counted separately and tried again the next time. If more than half of the attempts \
      failed, the command exits with 1.

      With --expert, the world's own solutions are stored instead, as rollouts of the policy "expert", for a model to \
      imitate. No model is called, and the answers are written in policy.format. The worlds orders, arithmetic and \
      textcraft have an expert.
      """)

  @OptionGroup(title: "Collecting") var own: CollectOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if let problem = Bounds.problem(own.rollouts, "--rollouts", most: Bounds.rollouts) {
      throw ValidationError(problem)
    }
    if own.expert, own.rollouts ?? 1 > 1 {
      throw ValidationError("--expert cannot be used with --rollouts: a task has one solution.")
    }
  }

  func run() async throws {
    let (report, failure) = try await Workbench.with(common.options(limits, agent: agent)) { bench in
      try await own.expert
        ? bench.collectExpert(chosen.choice) : bench.collect(chosen.choice, rollouts: own.rollouts ?? 4)
    }
    try common.deliver(report) { report.text }
    // The report has been delivered; if most attempts failed, the command still fails.
    if let failure { throw failure }
  }
}

/// Options that only `cox collect` has.
struct CollectOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Attempts per task (default: 4, 1 with --expert).", valueName: "count"))
  var rollouts: Int?

  @Flag(help: "Store the world's own solutions, for a model to imitate.")
  var expert = false
}
