import Agents
import ArgumentParser
import Reporting
import Workbench

struct Import: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Store trajectories that were made elsewhere, to train and plan from.",
    discussion: """
      Example: cox import --config c.yaml --policy-is-prior textcraft_train.json

      Takes JSON lines (those of cox export, or one object a line with task, messages and reward), AgentGym's \
      trajectories, and inspect_ai's logs (.json and .eval). Each file is a run of its own in the store. A file is \
      stored whole or not at all, and importing it again adds nothing.

      Critics are trained on draws of the configured policy alone: on attempts whose file names its identity, or on all \
      of them with --policy-is-prior.
      """)

  @Argument(help: ArgumentHelp("The files.", valueName: "file"), completion: .file())
  var files: [String]
  @OptionGroup(title: "Import") var own: ImportOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let options = try common.options()
    var request = ImportRequest(files: files)
    request.format = own.format
    request.split = own.split
    request.policyIsPrior = own.policyIsPrior
    request.skipsBad = own.skipBad
    request.reward = own.reward
    request.scorer = own.scorer
    request.name = own.name
    let report = try await options.observer.cancellable { [request] in
      try await Workbench.with(options) { try await $0.import(request) }
    }
    try common.deliver(report) { Self.text(report) }
  }

  private static func text(_ report: ImportReport) -> String {
    var lines = report.files.map { file in
      var parts = ["\(Format.count(file.added)) trajectories added"]
      if file.known > 0 { parts.append("\(Format.count(file.known)) known before") }
      if file.skipped > 0 { parts.append("\(Format.count(file.skipped)) left out") }
      let problem = file.firstProblem.map { " The first: \($0)." } ?? ""
      return "\(file.path) (\(file.format.rawValue)): \(parts.joined(separator: ", ")).\(problem)"
    }
    guard report.added > 0 else { return lines.joined(separator: "\n") }
    let others = report.added - report.failed - report.prior - report.steered - report.otherWorld
    lines.append(
      "Critics and plans use \(Format.count(report.prior)) of them as rollouts of \"\(report.policy)\"."
        + (others > 0
          ? " \(Format.count(others)) are of other policies: where they are draws of this one, add --policy-is-prior."
          : ""))
    if report.failed > 0 { lines.append("\(Format.count(report.failed)) failed, and have no reward.") }
    if report.steered > 0 {
      lines.append(
        "\(Format.count(report.steered)) are of runs that a critic has steered, and are no draws of a policy.")
    }
    if report.otherWorld > 0 {
      lines.append("\(Format.count(report.otherWorld)) are of another world than \(report.world).")
    }
    if report.withoutSplit > 0 {
      lines.append(
        "\(Format.count(report.withoutSplit)) are of tasks in no split, which nothing is trained on: give --split.")
    }
    return lines.joined(separator: "\n")
  }
}

/// Options that only `cox import` has.
struct ImportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("jsonl, agentgym or inspect (default: told from the file).", valueName: "format"))
  var format: ImportFormat?

  @Option(
    help: ArgumentHelp(
      "The split of all tasks (default: what the file says, or else the configured world).", valueName: "split"))
  var split: Split?

  @Flag(help: "The attempts are draws of the configured policy, whatever the file says of theirs.")
  var policyIsPrior = false

  @Flag(help: "Leave out records that cannot be read, in place of refusing their file.")
  var skipBad = false

  @Option(help: ArgumentHelp("The reward of attempts that have none.", valueName: "reward"))
  var reward: Double?

  @Option(
    help: ArgumentHelp(
      "Whose value in an inspect log is the reward: a scorer, or SCORER.KEY (default: the only one).",
      valueName: "scorer"))
  var scorer: String?

  @Option(
    help: ArgumentHelp(
      "Names the source of attempts that are of no run (default: the file's name). Equal attempts of one source that are "
        + "imported again are known.", valueName: "name"))
  var name: String?

  func validate() throws {
    if let reward, !Magnitude.isReward(reward) {
      throw ValidationError("--reward must be a number of at most a billion.")
    }
  }
}

extension ImportFormat: ExpressibleByArgument {}
