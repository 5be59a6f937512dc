import Agents
import Foundation
import ParticleFilter
import Policies
import Steering

extension Configuration {
  /// Reads a configuration file.
  package init(file: String) throws {
    guard let text = try TextFile.text(file) else {
      throw ConfigurationError("There is no readable configuration file \(file).")
    }
    try self.init(yaml: text, file: file)
  }

  /// - Parameter file: named in errors.
  package init(yaml: String, file: String) throws {
    var top = try YAMLMapping(text: yaml, file: file)
    guard let environment = try top.mapping("environment", WorldSettings.init) else {
      throw top.missing(
        "environment", message: "\(file) has no environment; the least is `environment: { kind: orders }`.")
    }
    guard let policy = try top.mapping("policy", PolicySettings.init) else {
      throw top.missing("policy", message: "\(file) has no policy; the least is `policy: { kind: local }`.")
    }
    self.environment = environment
    self.policy = policy
    critic = try top.mapping("critic", CriticSettings.init) ?? critic
    if let read = try top.mapping("steering", SteeringSettings.read) {
      (steering, isAutomatic) = (read.settings, read.isAutomatic)
    }
    steering.onEnvironmentError = environment.onError
    limits = try top.mapping("limits") { try Limits(&$0) } ?? limits
    try top.finish()
    withholdKeys()
  }
}

extension Configuration {
  /// What is started here gets none of the variables that are named as keys.
  private mutating func withholdKeys() {
    let keys = policy.keyVariables.union(critic.own.keyVariables)
    environment.children.keys = keys
    policy.children.keys = keys
    critic.own.withhold(keys)
  }
}

extension SteeringSettings {
  /// - Returns: the settings, and whether their schedule is left to the plan.
  package static func read(_ yaml: inout YAMLMapping) throws -> (settings: SteeringSettings, isAutomatic: Bool) {
    var settings = SteeringSettings()
    settings.method = try yaml.choice("method", Method.self) ?? settings.method
    settings.particles = try yaml.integer("particles") ?? settings.particles
    settings.temperature = try yaml.number("temperature") ?? settings.temperature
    settings.resampler = try yaml.choice("resampler", Resampler.self) ?? settings.resampler
    settings.answer = try yaml.choice("answer", Answer.self) ?? .search
    settings.divergence = try yaml.choice("divergence", DivergencePolicy.self) ?? settings.divergence
    settings.keep = try yaml.integer("keep")
    let schedule =
      if let word = yaml.word("resample") { try Self.schedule(word, named: "steering.resample") } else {
        try yaml.mapping("resample", Self.schedule)
      }
    settings.schedule = schedule ?? .never
    return (settings, schedule == nil)
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

  /// Reads `none`, `steps:4,8`, `ess:0.5`, and `auto`, which is nil.
  package static func schedule(_ text: String, named name: String) throws -> Schedule? {
    if text == "auto" { return nil }
    guard let schedule = Schedule(text) else {
      throw ConfigurationError("\(name) is \(text); write none, auto, steps:4,8 or ess:0.5.")
    }
    return schedule
  }
}

extension Limits {
  package init(_ yaml: inout YAMLMapping) throws {
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
