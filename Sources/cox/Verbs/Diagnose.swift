import Agents
import ArgumentParser
import Findings
import Foundation
import Reporting
import Workbench

struct Diagnose: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Say from stored rollouts whether there is anything to select. No model is called.",
    discussion: """
      Example: cox diagnose --config c.yaml

      Looks at the rollouts that cox collect has stored: how much they differ within a task, which reward the best of \
      several would have had, and how early the reward at the end can be predicted. The predictions are those of trees \
      that are trained on some of the tasks and judge the others; with --critic, those of that critic on tasks it was \
      not trained on.
      """)

  @OptionGroup(title: "Diagnosis") var own: DiagnoseOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let report = try await Workbench.with(common.options(agent: agent), creating: false) { bench in
      try await bench.diagnose(split: own.split, critic: own.critic)
    }
    try common.deliver(report) { report.text }
    if let html = own.html {
      let page = ReportPage(
        title: "Diagnosis: \(report.environment.kind)",
        subtitle: "\(report.environment), policy \(report.policy)",
        sections: [.init(diagnosis: report.diagnosis, table: report.table)])
      try OutputFile.write(Data(page.html.utf8), to: html)
    }
  }
}

/// Options that only `cox diagnose` has.
struct DiagnoseOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only rollouts of this split: train, validation or test.", valueName: "split"))
  var split: Split?

  @Option(
    help: ArgumentHelp(
      "The critic that predicts the end: a file, a name given to cox train, or constant for the reward so far alone.",
      valueName: "critic"), completion: .critics)
  var critic: String?

  @Option(help: ArgumentHelp("Write the diagnosis as an HTML page too.", valueName: "file"))
  var html: String?
}
