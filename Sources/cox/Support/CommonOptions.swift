import Agents
import ArgumentParser
import Foundation
import ParticleFilter
import Steering

/// The flags that every verb takes. Those that override the configuration say so by their key.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The configuration, one YAML file; the embedded default where none is given.", valueName: "file")
  )
  var config: String?

  @Option(help: "Decides every random choice of the run.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("The rollout store, one SQLite file; created where it is missing.", valueName: "path"))
  var store: String = ".coxswain/store.sqlite"

  @Option(help: ArgumentHelp("Write the result as JSON (\"-\" for standard output).", valueName: "file"))
  var json: String?

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @Option(help: ArgumentHelp("How many model calls may be in flight (policy.concurrency).", valueName: "calls"))
  var concurrency: Int?

  @Option(help: ArgumentHelp("End the run in order after this many model calls (limits.calls).", valueName: "calls"))
  var limitCalls: Int?

  @Option(
    help: ArgumentHelp("End the run in order after this many tokens, in and out (limits.tokens).", valueName: "tokens"))
  var limitTokens: Int?

  @Option(help: ArgumentHelp("End the run in order at this cost (limits.cost).", valueName: "money"))
  var limitCost: Double?

  @Option(help: ArgumentHelp("End the run in order after this long (limits.seconds).", valueName: "seconds"))
  var limitSeconds: Double?

  @Option(
    help: ArgumentHelp("What is logged to standard error: debug has a line for every call.", valueName: "level"))
  var logLevel = LogLevel.warning

  @Option(help: ArgumentHelp("The form of the log; json is one object a line.", valueName: "form"))
  var logFormat = LogFormat.text

  func validate() throws {
    if let problem = Bounds.problem(concurrency, "--concurrency", most: Bounds.concurrency) {
      throw ValidationError(problem)
    }
    if let limitCalls, limitCalls < 0 { throw ValidationError("--limit-calls is not negative.") }
    if let limitTokens, limitTokens < 0 { throw ValidationError("--limit-tokens is not negative.") }
    if let limitCost, !(limitCost >= 0) { throw ValidationError("--limit-cost is not negative.") }
    if let limitSeconds, !(limitSeconds >= 0) { throw ValidationError("--limit-seconds is not negative.") }
  }

  /// Prints a result and writes it where `--json` says; with `--json -` standard output has the JSON alone.
  ///
  /// The words come first, so that a file that cannot be written does not cost them.
  func deliver(_ result: some Encodable, text: () -> String) throws {
    if json != "-" { Console.print(text()) }
    if let json { try Console.write(json: result, to: json) }
  }

  /// The configuration with these flags on top.
  func configuration() throws -> Configuration {
    var configuration =
      try config.map { try Configuration(file: $0) }
      ?? Configuration(yaml: Defaults.yaml, file: "the embedded configuration")
    configuration.steering.seed = seed
    if let concurrency { configuration.policy.concurrency = concurrency }
    if let limitCalls { configuration.limits.calls = limitCalls }
    if let limitTokens { configuration.limits.tokens = limitTokens }
    if let limitCost { configuration.limits.cost = limitCost }
    if let limitSeconds { configuration.limits.seconds = limitSeconds }
    return configuration
  }
}

/// The flags that choose tasks.
struct TaskOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Which tasks: train, validation or test.", valueName: "split"))
  var split: Split?

  @Option(
    help: ArgumentHelp(
      "Of the split, the tasks at these places (\"0..<40\", \"0,3,5\"), or the tasks of these ids.", valueName: "tasks")
  )
  var tasks: String?

  /// The tasks chosen, at least one.
  ///
  /// - Returns: with the split they belong to; nil for ids of several splits or of none.
  func select(from suite: any TaskSuite, default standard: Split) throws -> (tasks: [AgentTask], split: Split?) {
    try Self.select(tasks, by: "--tasks", in: split ?? standard, of: suite)
  }

  /// The same for tasks that another flag names.
  static func select(
    _ text: String?, by flag: String, in split: Split, of suite: any TaskSuite
  ) throws -> (tasks: [AgentTask], split: Split?) {
    let all = try suite.tasks(in: split)
    guard let text else {
      guard !all.isEmpty else {
        throw ConfigurationError(
          "The split \(split.rawValue) is empty: give environment.tasks.\(split.rawValue) in the configuration, or another --split."
        )
      }
      return (all, split)
    }
    if let places = TaskNumbers.parse(text) {
      guard let last = places.max() else { throw ConfigurationError("\(flag) \(text) names no task.") }
      guard last < all.count else {
        throw ConfigurationError("\(flag) \(text) goes past the split \(split.rawValue), which has \(all.count) tasks.")
      }
      return (unique(places).map { all[$0] }, split)
    }
    let ids = unique(text.split(separator: ",").map { TaskID($0.trimmingCharacters(in: .whitespaces)) })
    let owners = try Split.allCases.map { split in (split, Set(try suite.tasks(in: split).map(\.id))) }
    let splits = Set(ids.map { id in owners.first { $0.1.contains(id) }?.0 })
    return (try ids.map(suite.task), splits.count == 1 ? splits.first ?? nil : nil)
  }

  /// Without repetitions: a task steered twice at once would be two runs under one name.
  private static func unique<T: Hashable>(_ items: [T]) -> [T] {
    var seen: Set<T> = []
    return items.filter { seen.insert($0).inserted }
  }
}

/// The flags that choose how tasks are steered.
struct SteeringOptions: ParsableArguments {
  @Option(help: ArgumentHelp("N, the particles of a population (steering.particles).", valueName: "N"))
  var particles: Int?

  @Option(help: ArgumentHelp("β, in reward units (steering.temperature).", valueName: "β"))
  var temperature: Double?

  @Option(
    help: ArgumentHelp(
      "When to resample: none, auto (as cox plan says), steps:4,8 or ess:0.5 (steering.resample).",
      valueName: "schedule"))
  var resample: String?

  @Option(help: ArgumentHelp("How many particles a beam keeps; N/4 unless given (steering.keep).", valueName: "k"))
  var keep: Int?

  @Option(
    help: ArgumentHelp(
      "What guides: a critic file or the name given to cox train, constant, judge, pooling or lm (critic.kind).",
      valueName: "critic"))
  var critic: String?

  @Option(help: ArgumentHelp("The plan that auto obeys, instead of the one beside the critic.", valueName: "file"))
  var plan: String?

  func apply(to settings: inout SteeringSettings) throws {
    if let particles { settings.particles = particles }
    if let temperature { settings.temperature = temperature }
    if let keep { settings.keep = keep }
    if let resample { settings.schedule = try SteeringSettings.schedule(resample, named: "--resample") ?? .never }
  }

  /// The schedule is left to the plan.
  func isAutomatic(_ configuration: Configuration) -> Bool {
    resample.map { $0 == "auto" } ?? configuration.isAutomatic
  }
}

/// A verb that takes the common flags.
protocol Verb: AsyncParsableCommand {
  var common: CommonOptions { get }
}

extension Split: ExpressibleByArgument {}
extension Steering.Method: ExpressibleByArgument {}
