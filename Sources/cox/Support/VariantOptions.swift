import Agents
import ArgumentParser
import ParticleFilter
import Steering

/// The flags that choose which methods with which settings are compared.
struct VariantOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Which methods, with commas: single, best-of, amc, judge, beam; single,best-of,amc unless given.",
      valueName: "methods"))
  var methods: String?

  @Option(help: ArgumentHelp("Values of N, with commas (steering.particles).", valueName: "N,N,…"))
  var particles: String?

  @Option(help: ArgumentHelp("Values of β, in reward units, with commas (steering.temperature).", valueName: "β,β,…"))
  var temperature: String?

  @Option(
    help: ArgumentHelp(
      "When to resample: none, auto (as cox plan says), steps:4,8 or ess:0.5; given again, one more schedule (steering.resample).",
      valueName: "schedule"))
  var resample: [String] = []

  @Option(help: ArgumentHelp("How many particles a beam keeps; N/4 unless given (steering.keep).", valueName: "k"))
  var keep: Int?

  @Option(
    help: ArgumentHelp(
      "Seeds, such as 0,1,2 or 0..<3, in place of --seed: everything is run with each, and a task's result is its mean over them.",
      valueName: "seeds"))
  var seeds: String?

  @Option(
    help: ArgumentHelp(
      "What best-of has no less of than the steered methods of its N, on each task: calls, or cost.",
      valueName: "what"))
  var equal = Equality.calls

  @Option(
    help: ArgumentHelp(
      "What guides: a critic file or the name given to cox train, constant, judge, pooling or lm (critic.kind).",
      valueName: "critic"))
  var critic: String?

  @Option(help: ArgumentHelp("The plan that auto obeys, instead of the one beside the critic.", valueName: "file"))
  var plan: String?

  /// The methods that `--methods` names, or else `standard`.
  func methods(_ standard: [Steering.Method]) throws -> [Steering.Method] {
    try methods.map(Self.methods) ?? standard
  }

  /// What is to be compared, method by method. Where flags leave something open the configuration says, and `particles`.
  ///
  /// - Parameter critic: of each method; nil where they are not there yet, and the settings are only to be checked.
  func settings(
    _ workbench: Workbench, methods: [Steering.Method], particles standard: [Int]?,
    critic: ((Steering.Method) -> (any Critic)?)?
  ) async throws -> [SteeringSettings] {
    var base = workbench.configuration.steering
    if let keep { base.keep = keep }
    let counts =
      try particles.map { text in
        try Self.list(text, "--particles", "whole numbers, such as 1,2,4,8") { Int($0) }
      } ?? standard ?? [base.particles]
    let temperatures = try temperature.map { text in
      try Self.list(text, "--temperature", "numbers, such as 0.03,0.1") { Double($0) }
    }
    // nil stands for auto.
    let schedules =
      try resample.isEmpty
      ? [workbench.configuration.isAutomatic ? nil : base.schedule]
      : resample.map { try SteeringSettings.schedule($0, named: "--resample") }
    var all: [SteeringSettings] = []
    for method in methods {
      let fixed = method.isSteered ? schedules.compactMap(\.self) : [.never]
      all += Variants(
        methods: [method], particles: counts, temperatures: temperatures ?? [base.temperature], schedules: fixed
      ).settings(from: base)
      guard method.isSteered, schedules.contains(nil) else { continue }
      guard let critic = critic?(method) else {
        // What the plan will say is not known yet; the rest can be told to be fit or not.
        all += Variants(
          methods: [method], particles: counts, temperatures: temperatures ?? [base.temperature],
          schedules: [.effectiveSampleSize(below: 0.5)]
        ).settings(from: base)
        continue
      }
      for count in counts {
        for temperature in temperatures.map({ $0.map(Optional.some) }) ?? [nil] {
          var settings = base
          (settings.method, settings.particles) = (.amc, count)
          settings = try await workbench.planned(
            settings,
            by: PlanFlags(
              critic: try workbench.critic(of: method, flag: self.critic), temperature: temperature, plan: plan),
            critic: critic)
          settings.method = method
          if !all.contains(settings.effective) { all.append(settings.effective) }
        }
      }
    }
    return all
  }

  /// The seeds that `--seeds` names, or nil.
  func seedList() throws -> [UInt64]? {
    try seeds.map { text in
      guard let numbers = TaskNumbers.parse(text), !numbers.isEmpty, Set(numbers).count == numbers.count else {
        throw ConfigurationError("--seeds is \(text); write whole numbers, each once, such as 0,1,2 or 0..<3.")
      }
      guard numbers.count <= 10_000 else {
        throw ConfigurationError("--seeds names \(numbers.count) seeds; at most 10000.")
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
      throw ConfigurationError("--methods \(list) names no method, or one twice.")
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
