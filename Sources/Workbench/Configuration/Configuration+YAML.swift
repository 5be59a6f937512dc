import Agents
import Foundation
import ParticleFilter
import Policies
import Steering
import Tracking

extension Configuration {
  /// Reads a configuration file.
  package init(file: String) throws {
    guard let text = try TextFile.text(file) else {
      throw ConfigurationError("There is no readable configuration file \(file).")
    }
    try self.init(yaml: text, file: file)
  }

  /// - Parameter file: the file's name, for error messages.
  package init(yaml: String, file: String) throws {
    var top = try YAMLMapping(text: yaml, file: file)
    guard
      let environment = try top.mapping(
        "environment", default: .required, "the world and its tasks", WorldSettings.init)
    else {
      throw top.missing(
        "environment", message: "\(file) has no environment; write at least `environment: { kind: orders }`.")
    }
    guard let policy = try top.mapping("policy", default: .required, "the model", PolicySettings.init) else {
      throw top.missing("policy", message: "\(file) has no policy; write at least `policy: { kind: local }`.")
    }
    self.environment = environment
    self.policy = policy
    self.policy.answersQuestions = type(of: environment.own).asksQuestions
    critic = try top.mapping("critic", default: "`trees`", "what guides the population", CriticSettings.init) ?? critic
    let steered = "method, number of particles, β, schedule"
    if let read = try top.mapping("steering", default: .none, steered, SteeringSettings.read) {
      (steering, isAutomatic) = (read.settings, read.isAutomatic)
    }
    steering.onEnvironmentError = environment.onError
    limits = try top.mapping("limits", default: .none, "calls, tokens, money, time") { try Limits(&$0) } ?? limits
    let trackers = "where runs are reported to: traces, parameters, figures"
    tracking = try top.mapping("tracking", default: .none, trackers) { try TrackingSettings(&$0) } ?? tracking
    try top.finish()
    withholdKeys()
  }
}

extension Configuration {
  /// Withholds the variables that are named as keys from all child processes.
  private mutating func withholdKeys() {
    let keys = keyVariables
    environment.children.keys = keys
    policy.children.keys = keys
    critic.own.withhold(keys)
  }
}

extension SteeringSettings {
  /// - Returns: the settings, and whether the plan chooses the schedule.
  package static func read(_ yaml: inout YAMLMapping) throws -> (settings: SteeringSettings, isAutomatic: Bool) {
    var settings = SteeringSettings()
    settings.method = try yaml.choice(
      "method", default: settings.method,
      """
      how tasks are attempted. `judge` is `amc` guided by the critic `judge`; `auto` is what the plan chooses
      """)
    settings.particles = try yaml.integer("particles", default: settings.particles, "N, the number of particles")
    settings.temperature = try yaml.number(
      "temperature", default: settings.temperature, "β, in reward units, at least 1e-9 (option `--beta`)")
    settings.resampler = try yaml.choice(
      "resampler", default: settings.resampler, "how clones are drawn from the weights")
    settings.answer = try yaml.choice(
      "answer", default: .search, "`search` stops at the maximal reward; `sample` always runs to the end")
    settings.divergence = try yaml.choice(
      "divergence", default: settings.divergence,
      "what happens to a clone whose replay paid or ended differently. `retry` tries three times, then drops it")
    settings.keep = try yaml.integer(
      "keep", default: "N / 4, at least 1",
      """
      for `beam`: how many of the N particles continue from each checkpoint, chosen by reward so far + V. Each \
      continues in N / `keep` copies. With `ess` a beam selects at every checkpoint, whatever the threshold
      """)
    settings.search.calls = try yaml.integer(
      "calls", default: "N attempts at each task; for `frontier` N times the step limit",
      """
      model calls for a task on average. The budget is for all tasks together: solved tasks leave their calls to the \
      others, best-of goes on with attempts, `amc` and `beam` with further populations
      """)
    settings.search.width = try yaml.integer(
      "width", default: settings.search.width,
      "for `frontier`: how many states of one task are extended at a time. More saves time and costs calls")
    settings.search.worth = try yaml.number(
      "worth", default: .none,
      "for `frontier`: money per unit of reward. A task ends where no call is worth its price (`policy.pricing`)")
    settings.search.rule.criterion = try yaml.choice(
      "criterion", default: settings.search.rule.criterion,
      """
      for `frontier`: what the next state is chosen by. `improvement` is the expected improvement on the best finished \
      attempt per call; `mean` (the expected reward) and `sampled` (one draw of it) are for comparison
      """)
    settings.search.rule.penalizesDraws = try yaml.flag(
      "penalty", default: settings.search.rule.penalizesDraws,
      "for `frontier`: whether a state counts for less the more often it was extended. `false` is for comparison")
    settings.search.hasVerifier = try yaml.flag(
      "verifier", default: settings.search.hasVerifier,
      "for `frontier`: whether rewards are known while it searches. `false` goes by the critic's estimates")
    let resample = """
      the schedule: `none`, `auto`, `{ steps: [4, 12] }` or `{ ess: 0.5, every: 1 }`. `auto` takes the schedule and, \
      for a search, β from the plan of `cox plan`; without data for a plan it is best-of-N. As an option: `none`, \
      `auto`, `steps:4,12`, `ess:0.5`, `ess:0.5/2`
      """
    let schedule =
      if let word = yaml.word("resample", type: "a word or a mapping", default: "`auto`", resample) {
        try Self.schedule(word, named: "steering.resample")
      } else {
        try yaml.mapping("resample", default: "`auto`", resample, Self.schedule)
      }
    settings.schedule = schedule ?? .never
    return (settings, schedule == nil)
  }

  private static func schedule(_ yaml: inout YAMLMapping) throws -> Schedule {
    let steps = try yaml.numbers("steps", as: "list of steps", default: .none, "resample after these steps")
    let share = try yaml.number(
      "ess", default: .none, "resample where the effective sample size is below this share of N")
    let every = try yaml.integer("every", default: "1", "with `ess`: the number of steps between two checkpoints")
    switch (steps, share) {
    case (let steps?, nil):
      if every != nil { throw ConfigurationError("steering.resample.every can only be used with ess, not with steps.") }
      return .steps(Array(Set(steps)).sorted())
    case (nil, let share?): return .effectiveSampleSize(below: share, every: every ?? 1)
    default: throw ConfigurationError("steering.resample needs either steps or ess, and not both.")
    }
  }

  /// Reads `none`, `steps:4,8`, `ess:0.5`, and `auto`, which gives nil.
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
      calls: try yaml.integer("calls", default: .none, "model calls"),
      tokens: try yaml.integer("tokens", default: .none, "tokens, in and out"),
      cost: try yaml.number("cost", default: .none, "money, at the prices of `policy.pricing`"),
      seconds: try yaml.number("seconds", default: .none, "duration of the run, in seconds"))
    for (name, value) in [
      ("calls", calls.map(Double.init)), ("tokens", tokens.map(Double.init)), ("cost", cost), ("seconds", seconds),
    ] {
      if let value, !(value >= 0) { throw ConfigurationError("limits.\(name) is \(value); it must be 0 or more.") }
    }
  }
}
