import Agents
import Foundation
import HTTP
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

extension PolicySettings {
  init(_ yaml: inout YAMLMapping) throws {
    guard let kind = try yaml.choice("kind", Kind.self) else {
      throw ConfigurationError(
        "policy.kind is missing: one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    self.kind = kind
    api = try yaml.choice("api", ChatCompletionsPolicy.API.self)
    model = try yaml.text("model")
    temperature = try yaml.number("temperature") ?? temperature
    topP = try yaml.number("topP")
    maxTokens = try yaml.integer("maxTokens") ?? maxTokens
    format = try yaml.choice("format", ActionFormat.self) ?? format
    concurrency = try yaml.integer("concurrency") ?? concurrency
    choices = try yaml.choice("choices", ChoiceConstraint.self) ?? choices
    samplesPerCall = try yaml.integer("samplesPerCall")
    timeout = try yaml.number("timeout") ?? timeout
    deadline = try yaml.number("deadline") ?? deadline
    attempts = try yaml.integer("attempts") ?? attempts
    hedge = try yaml.number("hedge")
    pricing =
      try yaml.mapping("pricing") { yaml in
        Pricing(
          inputPerMillion: try yaml.number("inputPerMillion") ?? 0,
          cachedInputPerMillion: try yaml.number("cachedInputPerMillion"),
          cacheWritePerMillion: try yaml.number("cacheWritePerMillion"),
          outputPerMillion: try yaml.number("outputPerMillion") ?? 0)
      } ?? pricing
    switch kind {
    case .openai:
      try readServer(&yaml)
      maxTokensParameter = try yaml.choice("maxTokensParameter", ChatCompletionsPolicy.TokenParameter.self)
      reasoningEffort = try yaml.text("reasoningEffort")
      logprobs = try yaml.flag("logprobs") ?? logprobs
    case .anthropic:
      try readServer(&yaml)
      url = url ?? "https://api.anthropic.com/v1"
      thinkingTokens = try yaml.integer("thinkingTokens")
      promptCache = try yaml.flag("promptCache") ?? promptCache
    case .recorded:
      recording = try yaml.text("recording")
      identity = try yaml.text("identity")
    case .local:
      python = try yaml.text("python")
      port = try yaml.integer("port")
      threads = try yaml.integer("threads")
      context = try yaml.integer("context") ?? context
      slots = try yaml.integer("slots")
    }
    try check()
  }

  /// What every server that is not ours is told by.
  private mutating func readServer(_ yaml: inout YAMLMapping) throws {
    url = try yaml.text("url")
    apiKeyVariable = try yaml.text("apiKeyVariable")
    adaptiveConcurrency = try yaml.flag("adaptiveConcurrency") ?? adaptiveConcurrency
    allowPlainHTTP = try yaml.flag("allowPlainHTTP") ?? allowPlainHTTP
  }

  private func check() throws {
    func positive(_ value: Int?, _ key: String) throws {
      if let value, value < 1 { throw ConfigurationError("policy.\(key) is \(value); at least 1.") }
    }
    try positive(maxTokens, "maxTokens")
    try positive(concurrency, "concurrency")
    try positive(samplesPerCall, "samplesPerCall")
    try positive(attempts, "attempts")
    try positive(threads, "threads")
    try positive(context, "context")
    try positive(slots, "slots")
    if !(temperature >= 0 && temperature.isFinite) {
      throw ConfigurationError("policy.temperature is \(temperature); it is not negative.")
    }
    if let topP, !(topP > 0 && topP <= 1) { throw ConfigurationError("policy.topP is \(topP); above 0 and at most 1.") }
    if !(timeout > 0 && timeout <= 86_400) {
      throw ConfigurationError("policy.timeout is \(timeout); seconds, above 0 and at most a day.")
    }
    if !(deadline > 0 && deadline <= 86_400) {
      throw ConfigurationError("policy.deadline is \(deadline); seconds, above 0 and at most a day.")
    }
    if let hedge, !(hedge > 0 && hedge < 1) {
      throw ConfigurationError(
        "policy.hedge is \(hedge); a quantile of the latency, above 0 and below 1, such as 0.95.")
    }
    for (key, price) in [
      ("inputPerMillion", pricing.inputPerMillion), ("cachedInputPerMillion", pricing.cachedInputPerMillion),
      ("cacheWritePerMillion", pricing.cacheWritePerMillion), ("outputPerMillion", pricing.outputPerMillion),
    ] where !(price >= 0 && price.isFinite) {
      throw ConfigurationError("policy.pricing.\(key) is \(price); it is not negative.")
    }
    if let port, !(1...65_535).contains(port) { throw ConfigurationError("policy.port is \(port); 1 to 65535.") }
    if format == .tools, api == .text {
      throw ConfigurationError("policy.format tools goes with api: chat; a text has no tools to call.")
    }
    switch kind {
    case .openai, .anthropic: try checkServer()
    case .recorded:
      if recording == nil {
        throw ConfigurationError("policy.recording is missing: the store or cassette whose answers are replayed.")
      }
    case .local: break
    }
  }

  private func checkServer() throws {
    guard let url else {
      throw ConfigurationError("policy.url is missing: the base URL, such as \"https://api.example.com/v1\".")
    }
    if let problem = ServerURL.problem(url, allowsPlainHTTP: allowPlainHTTP) {
      throw ConfigurationError("policy.url \(problem)")
    }
    if model == nil { throw ConfigurationError("policy.model is missing: the model's name at the server.") }
    if let apiKeyVariable, apiKeyVariable.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) == nil {
      // Not quoted: it may be the key itself.
      throw ConfigurationError(
        "policy.apiKeyVariable is no name of an environment variable. Give the variable's name, never the key.")
    }
    guard kind == .anthropic else { return }
    if temperature > 1 { throw ConfigurationError("policy.temperature is \(temperature); this API takes 0 to 1.") }
    if let thinkingTokens, thinkingTokens < 1024 || thinkingTokens >= maxTokens {
      throw ConfigurationError(
        "policy.thinkingTokens is \(thinkingTokens); at least 1024, and less than maxTokens, which counts thoughts too."
      )
    }
    if thinkingTokens != nil, format == .tools {
      throw ConfigurationError(
        "policy.thinkingTokens goes with format react or plain: with tools this API wants every thought back.")
    }
    if topP != nil, temperature != 1 {
      throw ConfigurationError("policy.topP goes with temperature 1: this API takes the one or the other.")
    }
    if thinkingTokens != nil, temperature != 1 {
      throw ConfigurationError("policy.thinkingTokens goes with temperature 1: a model that thinks samples at 1.")
    }
  }
}

extension CriticSettings {
  init(_ yaml: inout YAMLMapping) throws {
    kind = try yaml.choice("kind", Kind.self) ?? kind
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
    keep = try yaml.integer("keep")
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
