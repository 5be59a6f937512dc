import ArgumentParser
import Workbench

struct Export: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Write recorded answers to a file that can be replayed.",
    discussion: """
      A cassette holds every answer that the store has of the configured policy, as JSON lines. A policy of the kind \
      recorded replays it: `policy: { kind: recorded, recording: FILE }`.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("The cassette to write.", valueName: "file"))
  var cassette: String

  func run() async throws {
    let report = try await Workbench.export(common.options(), isConfigured: common.config != nil, to: cassette)
    try common.deliver(report) {
      "\(report.answers) answers of \"\(report.policy)\" written to \(report.cassette)."
    }
  }
}
