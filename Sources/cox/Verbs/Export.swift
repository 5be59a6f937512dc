import ArgumentParser
import Workbench

struct Export: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Write recorded answers to a file that can be replayed.",
    discussion: """
      Example: cox export --cassette answers.jsonl

      A cassette holds every answer that the store has of the configured policy, as JSON lines. A policy of the kind \
      recorded replays it: `policy: { kind: recorded, recording: FILE }`.
      """)

  @OptionGroup(title: "Export") var own: ExportOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let report = try await Workbench.export(common.options(), isConfigured: common.config != nil, to: own.cassette)
    try common.deliver(report) {
      "\(report.answers) answers of \"\(report.policy)\" written to \(report.cassette)."
    }
  }
}

/// Options that only `cox export` has.
struct ExportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The cassette to write.", valueName: "file"))
  var cassette: String
}
