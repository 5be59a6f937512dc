import Agents
import Foundation
import ParticleFilter
import Policies
import Steering

extension Configuration {
  /// Reads a configuration file.
  init(file: String) throws {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ConfigurationError("There is no readable configuration file \(file).")
    }
    try self.init(yaml: String(decoding: data, as: UTF8.self), file: file)
  }

  /// - Parameter file: named in errors.
  init(yaml: String, file: String) throws {
    var top = try YAMLMapping(text: yaml, file: file)
    guard let environment = try top.mapping("environment", EnvironmentSettings.init) else {
      throw ConfigurationError("\(file) has no environment; the least is `environment: { kind: orders }`.")
    }
    guard let policy = try top.mapping("policy", PolicySettings.init) else {
      throw ConfigurationError("\(file) has no policy; the least is `policy: { kind: local }`.")
    }
    self.environment = environment
    self.policy = policy
    critic = try top.mapping("critic", CriticSettings.init) ?? critic
    steering = try top.mapping("steering") { try SteeringSettings(&$0) } ?? steering
    limits = try top.mapping("limits") { try Limits(&$0) } ?? limits
    try top.finish()
  }
}

extension SteeringSettings {
  init(_ yaml: inout YAMLMapping) throws {
    self.init()
    method = try yaml.choice("method", Method.self) ?? method
    particles = try yaml.integer("particles") ?? particles
    temperature = try yaml.number("temperature") ?? temperature
    resampler = try yaml.choice("resampler", Resampler.self) ?? resampler
    answer = try yaml.choice("answer", Answer.self) ?? .search
    divergence = try yaml.choice("divergence", DivergencePolicy.self) ?? divergence
    schedule = Self.automaticSchedule
    if let word = yaml.word("resample") {
      schedule = try Self.schedule(word, named: "steering.resample")
    } else if let schedule = try yaml.mapping("resample", Self.schedule) {
      self.schedule = schedule
    }
  }

  private static func schedule(_ yaml: inout YAMLMapping) throws -> Schedule {
    let steps = try yaml.numbers("steps")
    let share = try yaml.number("ess")
    let every = try yaml.integer("every")
    switch (steps, share) {
    case (let steps?, nil):
      if every != nil { throw ConfigurationError("steering.resample.every goes with ess, not with steps.") }
      return .steps(Array(Set(steps)).sorted())
    case (nil, let share?): return .effectiveSampleSize(below: share, every: every ?? 1)
    default: throw ConfigurationError("steering.resample takes either steps or ess.")
    }
  }

  /// Reads `none`, `auto`, `steps:4,8`, `ess:0.5`.
  static func schedule(_ text: String, named name: String) throws -> Schedule {
    if text == "auto" { return automaticSchedule }
    guard let schedule = Schedule(text) else {
      throw ConfigurationError("\(name) is \(text); write none, auto, steps:4,8 or ess:0.5.")
    }
    return schedule
  }
}

extension Limits {
  init(_ yaml: inout YAMLMapping) throws {
    self.init(
      calls: try yaml.integer("calls"), tokens: try yaml.integer("tokens"), cost: try yaml.number("cost"),
      seconds: try yaml.number("seconds"))
    for (name, value) in [
      ("calls", calls.map(Double.init)), ("tokens", tokens.map(Double.init)), ("cost", cost), ("seconds", seconds),
    ] {
      if let value, !(value >= 0) { throw ConfigurationError("limits.\(name) is \(value); it is not negative.") }
    }
  }
}
