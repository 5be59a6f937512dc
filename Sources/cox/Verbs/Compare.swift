import ArgumentParser
import Findings
import Foundation
import Reporting
import Steering
import Workbench

struct Compare: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Compare methods on the same tasks at equal model calls, with standard errors.",
    discussion: """
      Example: cox compare --config c.yaml --methods single,best-of,amc --particles 4,8

      Every method is run with every value of N, β and the schedule that applies to it. best-of makes attempts until \
      it has made at least as many calls, on each task, as any steered method of its N. Answers are shared, so that a \
      smaller N costs nothing more. Differences are paired over tasks.

      Three studies: `--study scaling` runs best-of and amc at N = 1 to 32, `--study calls` runs all methods with the \
      calls of 1 to 16 attempts, with and without one budget for all tasks, and `--study cost --against dear.yaml` \
      compares the cost of a task for the configured policy, steered, with that for another policy.
      """)

  @OptionGroup(title: "Output and studies") var own: CompareOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "Methods and settings") var variant: VariantOptions
  @OptionGroup(title: "Critic and plan") var guide: CriticOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    guard (own.study == .cost) == (own.against != nil) else {
      throw ConfigurationError("--study cost and --against must be given together.")
    }
    var request = try variant.request()
    request.tasks = chosen.choice
    (request.critic, request.plan, request.study) = (guide.critic, guide.plan, own.study)
    request.hasMessages = own.answers
    var other = common
    other.config = own.against
    let dear = try own.against == nil ? nil : other.options(limits)
    let (comparison, compared) = try await Workbench.with(common.options(limits, agent: agent)) { [request] bench in
      try await bench.compare(request, against: dear)
    }
    try common.deliver(comparison) { comparison.text }
    try Pictures.draw(after: compared.end) {
      if let chart = own.chart {
        let svg = own.study == nil ? ComparisonChart.svg(comparison) : XYChart(study: comparison).svg
        try OutputFile.write(Data(svg.utf8), to: chart)
      }
      if let genealogy = own.genealogy { try Pictures.write(compared.steered, to: genealogy) }
    }
  }
}

extension Comparison {
  /// The table, and a plan's predictions if there is a plan.
  var text: String {
    ComparisonTable(self).text + (predictions.map { "\n\n" + PlanTable.predictions($0).text } ?? "")
  }
}

extension Comparison.Study: ExpressibleByArgument {}

/// Options that only `cox compare` has.
struct CompareOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A curve in place of a plain comparison: scaling, calls or cost.", valueName: "study"))
  var study: Comparison.Study?

  @Option(
    help: ArgumentHelp("With --study cost, the configuration of the policy to compare with.", valueName: "file"),
    completion: .yaml)
  var against: String?

  @Option(
    help: ArgumentHelp("Draw the comparison, or the curve of the study, into this SVG file.", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var chart: String?

  @Flag(help: "Add the messages of every chosen trajectory to the JSON. Answers are always in it.")
  var answers = false

  @Option(
    help: ArgumentHelp(
      "Write a picture of culled and cloned particles of the first steered variant, one SVG per task, into this folder.",
      valueName: "folder"), completion: .directory)
  var genealogy: String?
}
