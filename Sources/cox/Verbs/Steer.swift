import ArgumentParser
import Findings
import Reporting
import Steering
import Workbench

struct Steer: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Run one method on tasks.",
    discussion: """
      Example: cox steer --config c.yaml --tasks "0..<5" --genealogy pictures/

      \(Steering.Method.summaries)

      For each task it prints how the chosen attempt ends, and who chose it: the verifier, or without one \
      (--no-verifier) the critic. --json has the whole conversation, too.

      Every answer is stored before it is used: the same command run again continues.
      """)

  @OptionGroup(title: "Method and output") var own: SteerOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "Steering") var steering: SteeringOptions
  @OptionGroup(title: "Critic and plan") var guide: CriticOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    var request = SteerRequest(chosen.choice)
    request.method = own.method
    try steering.apply(to: &request)
    (request.critic, request.plan) = (guide.critic, guide.plan)
    let (outcome, summary) = try await Workbench.with(common.options(limits, agent: agent)) { [request] bench in
      try await bench.steered(request)
    }
    try common.deliver(summary) {
      [AnswerText(summary).text(width: Console.width), ComparisonTable(summary).text].compactMap(\.self)
        .joined(separator: "\n\n")
    }
    try Pictures.draw(after: outcome.stopped ?? outcome.failure()) {
      if let genealogy = own.genealogy { try Pictures.write(outcome.results, to: genealogy) }
    }
  }
}

/// Options that only `cox steer` has.
struct SteerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("\(Steering.Method.listed) (steering.method).", valueName: "method"), completion: .methods)
  var method: Steering.Method?

  @Option(
    help: ArgumentHelp(
      "Write a picture of culled and cloned particles, one SVG per task, into this folder.", valueName: "folder"),
    completion: .directory)
  var genealogy: String?
}
