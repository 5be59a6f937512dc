import ArgumentParser
import RolloutStore
import Workbench

struct Merge: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Make one store of many shards.",
    discussion: """
      Example: cox merge --store all.sqlite shards/*.sqlite

      Each store was written by a command with --shard. Everything in them is added to --store: the same answer once. \
      Stores that contradict each other are refused, and nothing of them is added. Afterwards the same command without \
      --shard reads every answer from the store and asks for none.
      """)

  @Argument(help: ArgumentHelp("The stores to merge.", valueName: "store"), completion: .file())
  var shards: [String]
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let observer = TerminalObserver(isQuiet: common.quiet)
    let report = try await Workbench.merge(shards, into: common.store) { observer.note($0) }
    try common.deliver(report) {
      """
      \(report.merged.count) stores merged into \(report.store): \(Self.text(report.calls, "calls")), \
      \(Self.text(report.trajectories, "trajectories")).
      """
    }
  }

  private static func text(_ count: MergeReport.Count, _ noun: String) -> String {
    "\(count.added) \(noun) added" + (count.known > 0 ? " and \(count.known) known before" : "")
  }
}
