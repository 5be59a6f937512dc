import ArgumentParser
import Findings
import Reporting
import Steering
import Workbench

struct Steer: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Run one method on tasks.",
    discussion: """
      amc: N trajectories under Sequential Monte Carlo, guided by a critic. beam: N of which each checkpoint keeps the best \
      few. best-of: N independent ones, the best kept. single: one. Every answer is stored before it is used: the same command run again continues.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "Steering") var steering: SteeringOptions
  @OptionGroup(title: "Critic and plan") var guide: CriticOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

  @Option(
    help: ArgumentHelp("single, best-of, amc, judge or beam (steering.method).", valueName: "method"))
  var method: Steering.Method?

  @Option(
    help: ArgumentHelp(
      "Draw who was culled and who was cloned, one SVG per task, into this folder.", valueName: "folder"))
  var genealogy: String?

  func run() async throws {
    var request = SteerRequest(chosen.choice)
    request.method = method
    try steering.apply(to: &request)
    (request.critic, request.plan) = (guide.critic, guide.plan)
    let (outcome, summary) = try await Workbench.with(common.options(limits)) { [request] bench in
      try await bench.steered(request)
    }
    try common.deliver(summary) { ComparisonTable(summary).text }
    try Pictures.draw(after: outcome.stopped ?? outcome.failure()) {
      if let genealogy { try Pictures.write(outcome.results, to: genealogy) }
    }
  }
}
