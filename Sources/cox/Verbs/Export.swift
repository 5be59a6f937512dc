import Agents
import ArgumentParser
import Reporting
import Workbench

struct Export: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Write stored trajectories, or recorded answers, for other programs.",
    discussion: """
      Example: cox export --format parquet --out rollouts.parquet

      Formats:
        jsonl     one trajectory a line: messages, steps, rewards, the critic's values, usage, prompts
        parquet   the same as typed columns, by PyPI's pyarrow
        trl       examples for TRL's trainers: --trl sft, dpo or kto
        inspect   a log of inspect_ai, FILE.eval or FILE.json: one run
        agentgym  AgentGym's trajectories
        cassette  every answer of the configured policy, which the policy kind recorded replays

      A folder (FOLDER/) gets a file for each run, with trl one for each split. No configuration is needed, except for \
      places in a split (--tasks "0..<40") and for prompts of stores that did not keep them. --cassette FILE is the same \
      as --format cassette --out FILE --force.
      """)

  @OptionGroup(title: "Export") var own: ExportOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let request = try own.request
    if request.out == "-", common.json == "-" {
      throw ValidationError("--json - and --out - both write to standard output: give one of them a file.")
    }
    guard request.format != .cassette else {
      let report = try await Workbench.export(
        common.options(), isConfigured: common.config != nil, to: own.cassette ?? request.out,
        replacing: own.cassette != nil || request.force)
      return try common.deliver(report) {
        "\(report.answers) answers of \"\(report.policy)\" written to \(report.cassette)."
      }
    }
    let options = try common.options(keeps: own.isNumbered)
    let isConfigured = common.config != nil || (own.isNumbered && options.configurationName.hasSuffix(".yaml"))
    let summary = try await options.observer.cancellable {
      try await Workbench.export(request, options, isConfigured: isConfigured)
    }
    if request.out == "-" {
      if !common.quiet { Console.note(Self.text(summary)) }
      if let json = common.json { try Console.write(json: summary, to: json) }
    } else {
      try common.deliver(summary) { Self.text(summary) }
    }
  }

  private static func text(_ summary: ExportSummary) -> String {
    func count(_ number: Int, _ noun: String) -> String {
      "\(Format.count(number)) \(number == 1 ? String(noun.dropLast()) : noun)"
    }
    let noun = summary.format == .trl ? "examples" : "trajectories"
    var lines = summary.files.map { file in
      let place = file.path == "-" ? "" : " to \(file.path)"
      let records = noun == "examples" ? count(file.records, noun) : "\(Format.count(file.records)) \(noun)"
      return "\(records) written\(place), \(Format.count(file.bytes)) bytes."
    }
    if summary.files.isEmpty { lines.append("Nothing was written.") }
    if noun == "examples" {
      let sources = "\(Format.count(summary.trajectories)) trajectories of \(count(summary.tasks, "tasks"))"
      lines.append("They are from \(sources).")
    }
    if summary.failedLeftOut > 0 {
      lines.append("\(count(summary.failedLeftOut, "failed attempts")) left out; --failed adds them.")
    }
    if summary.withoutPrompts > 0 {
      lines.append(
        """
        The prompts of \(Format.count(summary.withoutPrompts)) trajectories are not stored: their messages are the \
        observations and answers alone. --config adds what the world shows besides.
        """)
    }
    return lines.joined(separator: "\n")
  }
}

/// Options that only `cox export` has.
struct ExportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("jsonl, parquet, trl, inspect, agentgym or cassette.", valueName: "format"))
  var format: ExportFormat?

  @Option(
    help: ArgumentHelp("The file or folder to write, or \"-\" for standard output (the default).", valueName: "path"),
    completion: .file())
  var out: String?

  @Option(help: ArgumentHelp("The cassette to write.", valueName: "file"), completion: .file())
  var cassette: String?

  @Option(
    name: .customLong("run"), parsing: .singleValue,
    help: ArgumentHelp("A run, by the beginning of its id, or last. Repeat it for several.", valueName: "run"))
  var runs: [String] = []

  @Option(help: ArgumentHelp("Only tasks of this split: train, validation or test.", valueName: "split"))
  var split: Split?

  @Option(
    help: ArgumentHelp("Only these tasks: ids with commas, or places in the split (\"0..<40\").", valueName: "tasks"))
  var tasks: String?

  @Option(
    help: ArgumentHelp(
      "Which trajectories: final, banked and culled, with commas, or all.", valueName: "standings"))
  var standing: String = "final,banked"

  @Flag(help: "Export failed attempts, too.")
  var failed = false

  @Flag(help: "Replace existing files.")
  var force = false

  @Option(help: ArgumentHelp("The trainer that trl is for: sft, dpo or kto.", valueName: "trainer"))
  var trl: TrainerForm?

  @Flag(help: "For dpo: the next message alone, in place of the rest of the attempt.")
  var next = false

  @Option(
    help: ArgumentHelp(
      "For sft the least reward; for kto the least reward of a desirable attempt (default: above the task's mean).",
      valueName: "reward"))
  var threshold: Double?

  func validate() throws {
    guard cassette != nil || format != nil else {
      throw ValidationError("Give --format: jsonl, parquet, trl, inspect, agentgym or cassette.")
    }
    if cassette != nil, format ?? .cassette != .cassette || out != nil {
      throw ValidationError("--cassette FILE is an export of its own: leave --format and --out out.")
    }
    if format == .cassette, out ?? "-" == "-" { throw ValidationError("--format cassette needs --out FILE.") }
    if format != .trl, trl != nil || next || threshold != nil {
      throw ValidationError("--trl, --next and --threshold belong to --format trl.")
    }
    if next, trl != .dpo { throw ValidationError("--next belongs to --trl dpo.") }
    if threshold != nil, trl == .dpo { throw ValidationError("--threshold belongs to --trl sft and kto.") }
    if let threshold, !threshold.isFinite { throw ValidationError("--threshold must be a number.") }
  }

  /// Whether tasks are given by places, which a world has to be asked about.
  var isNumbered: Bool { tasks.flatMap(TaskNumbers.parse) != nil }

  var request: ExportRequest {
    get throws {
      var request = ExportRequest()
      request.format = cassette == nil ? format ?? .jsonl : .cassette
      request.out = cassette ?? out ?? "-"
      request.force = force
      request.trainer = trl ?? .sft
      request.nextMessageOnly = next
      request.threshold = threshold
      request.selection.runs = runs
      request.selection.split = split
      request.selection.tasks = tasks
      request.selection.standings = try ExportSelection.standings(standing)
      request.selection.failed = failed
      return request
    }
  }
}

extension ExportFormat: ExpressibleByArgument {}
extension TrainerForm: ExpressibleByArgument {}
