import ArgumentParser
import Foundation
import Reporting
import Workbench

struct Report: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Write one static HTML page of all results, with populations to click through.",
    discussion: """
      Example: cox report --config c.yaml --output report.html

      Reads the store and the files that cox compare, cox study, cox plan and cox train left beside it. No model is called. The \
      page needs no network, and text of models and worlds is shown as text.
      """)

  @OptionGroup(title: "Report") var own: ReportOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if own.populations < 0 { throw ValidationError("--populations is \(own.populations); it must be 0 or more.") }
  }

  func run() async throws {
    var request = ReportRequest()
    request.comparisons = own.comparison
    request.critic = own.critic
    request.plan = own.plan
    request.run = own.run
    request.populations = own.populations
    request.title = own.title
    let named = own.output
    let (page, missing, path) = try await Workbench.with(common.options(), creating: false) { [request] bench in
      let (page, missing) = try await bench.report(request)
      return (page, missing, named ?? bench.besideStore("report.html"))
    }
    let html = Data(page.html.utf8)
    do { try OutputFile.write(html, to: path) } catch let error as ConfigurationError {
      guard named == nil else { throw error }
      throw ConfigurationError("\(error.message) Give another path for the page with --output.")
    }
    if let json = common.json {
      try Console.write(
        json: Written(file: path, bytes: html.count, sections: page.sections.map(\.anchor), missing: missing),
        to: json)
    }
    if common.json != "-" {
      Console.print("\(path): \(page.sections.map { $0.heading.lowercased() }.joined(separator: ", ")).")
      for line in missing { Console.print(line) }
    }
  }

  private struct Written: Encodable {
    let file: String
    let bytes: Int
    let sections: [String]
    /// What the report lacks, and how to get it.
    let missing: [String]
  }
}

/// Options that only `cox report` has.
struct ReportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the page goes (default: report.html beside the store).", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "A comparison that cox compare --json wrote, in place of the last ones; may be given several times.",
      valueName: "file"))
  var comparison: [String] = []

  @Option(
    help: ArgumentHelp("The critic whose calibration and plan are shown (critic.kind).", valueName: "critic"),
    completion: .critics)
  var critic: String?

  @Option(help: ArgumentHelp("The plan, instead of the one beside the critic.", valueName: "file"))
  var plan: String?

  @Option(
    help: ArgumentHelp(
      "The run whose populations are shown, by the start of its id (default: the newest steered one).",
      valueName: "run"))
  var run: String?

  @Option(help: ArgumentHelp("How many of its tasks are shown.", valueName: "count"))
  var populations = 12

  @Option(help: ArgumentHelp("The page's title.", valueName: "text"))
  var title: String?
}
