import ArgumentParser
import Foundation
import ParticleFilter
import Steering
import Workbench

/// Options for the methods and settings to compare.
struct VariantOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Methods, separated by commas: \(Steering.Method.listed) (default: single,best-of,amc).", valueName: "methods"),
    completion: .methods)
  var methods: String?

  @Option(help: ArgumentHelp("Values of N, separated by commas (steering.particles).", valueName: "N,N,…"))
  var particles: String?

  @Option(
    name: [.customLong("beta"), .customLong("temperature")],
    help: ArgumentHelp("Values of β, in reward units, separated by commas (steering.temperature).", valueName: "β,β,…"))
  var beta: String?

  @Option(
    help: ArgumentHelp(
      """
      When to resample: none, auto (as cox plan says), steps:4,8 or ess:0.5. Repeat it for more schedules \
      (steering.resample).
      """,
      valueName: "schedule"))
  var resample: [String] = []

  @Option(help: ArgumentHelp("How many particles a beam keeps; N/4 unless given (steering.keep).", valueName: "k"))
  var keep: Int?

  @OptionGroup var search: SearchOptions

  @Option(
    help: ArgumentHelp(
      """
      Seeds, such as 0,1,2 or 0..<3, in place of --seed. Everything is run with each seed, and the result of a task is \
      the mean over the seeds.
      """,
      valueName: "seeds"))
  var seeds: String?

  @Option(
    help: ArgumentHelp(
      """
      What is made equal: best-of gets at least as many calls, or as much cost, as the steered methods of its N on \
      each task.
      """,
      valueName: "what"))
  var equal = Equality.calls

  /// The request for a comparison. Fields without an option are nil.
  func request() throws -> ComparisonRequest {
    var request = ComparisonRequest()
    request.methods = try methods.map(Self.methods)
    request.particles = try particles.map { text in
      try Self.list(text, "--particles", "whole numbers, such as 1,2,4,8") { Int($0) }
    }
    request.temperatures = try beta.map { text in
      try Self.list(text, "--beta", "numbers, such as 0.03,0.1") { Double($0) }
    }
    if !resample.isEmpty {
      request.schedules = try resample.map { try SteeringSettings.schedule($0, named: "--resample") }
    }
    request.keep = keep
    search.apply(to: &request.search)
    request.seeds = try seedList()
    request.equality = equal
    return request
  }

  private func seedList() throws -> [UInt64]? {
    try seeds.map { text in
      guard let numbers = TaskNumbers.parse(text), !numbers.isEmpty, Set(numbers).count == numbers.count else {
        throw ConfigurationError("--seeds is \(text); write whole numbers, each once, such as 0,1,2 or 0..<3.")
      }
      guard numbers.count <= 10_000 else {
        throw ConfigurationError("--seeds names \(numbers.count) seeds; at most 10000 are allowed.")
      }
      return numbers.map { UInt64($0) }
    }
  }

  static func methods(_ list: String) throws -> [Steering.Method] {
    let methods = try items(list).map { name in
      guard let method = Steering.Method(rawValue: name) else {
        let valid = Steering.Method.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError("--methods names \(name); the methods are \(valid).")
      }
      return method
    }
    guard !methods.isEmpty, Set(methods).count == methods.count else {
      throw ConfigurationError("--methods is \(list); write at least one method, and each once.")
    }
    return methods
  }

  private static func list<T: Hashable>(
    _ text: String, _ flag: String, _ wanted: String, _ convert: (String) -> T?
  ) throws -> [T] {
    let values = items(text).map(convert)
    let known = values.compactMap(\.self)
    guard !known.isEmpty, known.count == values.count, Set(known).count == known.count else {
      throw ConfigurationError("\(flag) is \(text); write \(wanted), each once.")
    }
    return known
  }

  private static func items(_ list: String) -> [String] {
    list.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
  }
}

extension Equality: ExpressibleByArgument {}
