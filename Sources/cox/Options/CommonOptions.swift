import ArgumentParser
import Workbench

/// The options of every verb.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration, a YAML file (default: the embedded one).", valueName: "file"),
    completion: .yaml)
  var config: String?

  @Option(help: "The seed of every random choice of the run.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp("The rollout store, one SQLite file. Created if it is missing.", valueName: "path"),
    completion: .file())
  var store: String = ".coxswain/store.sqlite"

  @Option(
    help: ArgumentHelp("Write the result as JSON (\"-\" for standard output).", valueName: "file"),
    completion: .file())
  var json: String?

  @Flag(help: "Print no progress on standard error.")
  var quiet = false

  @Flag(help: "Report to no tracker, whatever the configuration says (tracking).")
  var noTracking = false

  @Option(
    help: ArgumentHelp("What is logged to standard error: debug has a line for every call.", valueName: "level"))
  var logLevel = LogLevel.warning

  @Option(help: ArgumentHelp("The form of the log; json is one object a line.", valueName: "form"))
  var logFormat = LogFormat.text

  /// Prints a result, and writes it as JSON if `--json` is given. With `--json -` only the JSON goes to standard
  /// output.
  ///
  /// The text is printed first, so that it is not lost if the file cannot be written.
  func deliver(_ result: some Encodable, text: () -> String) throws {
    if json != "-" { Console.print(text()) }
    if let json { try Console.write(json: result, to: json) }
  }

  /// Prints what is found on the way. It is part of the result, unless standard output carries JSON.
  func say(_ text: String) {
    if json == "-" {
      if !quiet { Console.note(text) }
    } else {
      Console.print(text)
    }
  }

  /// The options for opening a workbench: the configuration, overridden by these command-line options.
  ///
  /// - Parameters:
  ///   - agent: an agent's own program, in place of a configuration file. Its configuration is kept beside the
  ///   store, for later commands without a configuration.
  ///   - keeps: whether such a kept configuration is used.
  func options(
    _ limits: LimitOptions? = nil, agent: AgentOptions? = nil, keeps: Bool = true
  ) throws -> Workbench.Options {
    var options = try Workbench.Options(
      configuration: config, agent: agent?.yaml, usesKept: keeps, store: store, seed: seed,
      observer: TerminalObserver(isQuiet: quiet))
    limits?.apply(to: &options.configuration)
    if noTracking { options.configuration.withoutTracking() }
    return options
  }
}

/// Limits on the calls of a verb, in total and at a time.
struct LimitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How many model calls may be in flight (policy.concurrency).", valueName: "calls"))
  var concurrency: Int?

  @Option(help: ArgumentHelp("Stop the run cleanly after this many model calls (limits.calls).", valueName: "calls"))
  var limitCalls: Int?

  @Option(
    help: ArgumentHelp(
      "Stop the run cleanly after this many tokens, input and output together (limits.tokens).", valueName: "tokens"))
  var limitTokens: Int?

  @Option(help: ArgumentHelp("Stop the run cleanly at this cost (limits.cost).", valueName: "money"))
  var limitCost: Double?

  @Option(help: ArgumentHelp("Stop the run cleanly after this many seconds (limits.seconds).", valueName: "seconds"))
  var limitSeconds: Double?

  func validate() throws {
    if let problem = Bounds.problem(concurrency, "--concurrency", most: Bounds.concurrency) {
      throw ValidationError(problem)
    }
    if let limitCalls, limitCalls < 0 { throw ValidationError("--limit-calls must be 0 or more.") }
    if let limitTokens, limitTokens < 0 { throw ValidationError("--limit-tokens must be 0 or more.") }
    if let limitCost, !(limitCost >= 0) { throw ValidationError("--limit-cost must be 0 or more.") }
    if let limitSeconds, !(limitSeconds >= 0) { throw ValidationError("--limit-seconds must be 0 or more.") }
  }

  func apply(to configuration: inout Configuration) {
    if let concurrency { configuration.policy.concurrency = concurrency }
    if let limitCalls { configuration.limits.calls = limitCalls }
    if let limitTokens { configuration.limits.tokens = limitTokens }
    if let limitCost { configuration.limits.cost = limitCost }
    if let limitSeconds { configuration.limits.seconds = limitSeconds }
  }
}

/// A verb with the common options.
protocol Verb: AsyncParsableCommand {
  var common: CommonOptions { get }
}
