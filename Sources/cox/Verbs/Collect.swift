import ArgumentParser
import Steering
import Workbench

struct Collect: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Roll out the frozen policy and store the trajectories.",
    discussion: """
      Example: cox collect --config c.yaml --split train --rollouts 6

      Independent attempts at every task of a split, kept in the store to train a critic on and to diagnose. Running the \
      same command again asks only for what is missing; more --rollouts keep those that are there. Attempts that fail are counted \
      apart and tried again the next time; where more than half of them failed the command exits 1.

      With --expert, the world's own solutions instead, as rollouts of the policy "expert", for a model to imitate: no model \
      is asked, and the answers are written as policy.format has them. The worlds orders, arithmetic and textcraft have one.
      """)

  @OptionGroup(title: "Collecting") var own: CollectOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if let problem = Bounds.problem(own.rollouts, "--rollouts", most: Bounds.rollouts) {
      throw ValidationError(problem)
    }
    if own.expert, own.rollouts ?? 1 > 1 {
      throw ValidationError("--expert goes without --rollouts: a task has one solution.")
    }
  }

  func run() async throws {
    let (report, failure) = try await Workbench.with(common.options(limits)) { bench in
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
