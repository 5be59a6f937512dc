import Agents
import HTTP
import Policies

extension PolicySettings {
  package init(_ yaml: inout YAMLMapping) throws {
    let names = policyKinds.map { $0.name }
    guard let name = try yaml.choice("kind", among: names), let kind = policyKinds.first(where: { $0.name == name })
    else { throw ConfigurationError.missing("policy.kind", "one of \(names.joined(separator: ", ")).") }
    self.init(kind: kind)
    try read(&yaml)
  }

  /// Reads every key of a policy but its kind; what is not given stays as it is.
  package mutating func read(_ yaml: inout YAMLMapping) throws {
    api = try yaml.choice("api", API.self)
    model = try yaml.text("model")
    if let given = try yaml.numberOrNone("temperature") { temperature = given }
    if let given = try yaml.numberOrNone("topP") { topP = given }
    maxTokens = try yaml.integer("maxTokens") ?? maxTokens
    format = try yaml.choice("format", ActionFormat.self) ?? format
    // A model in this process has no wire to be careful of: those keys are unknown to it.
    if !kind.hasWire {
      concurrency = try yaml.integer("concurrency") ?? concurrency
    } else {
      choices = try yaml.choice("choices", ChoiceConstraint.self) ?? choices
      samplesPerCall = try yaml.integer("samplesPerCall")
      try readRules(&yaml)
      hedge = try yaml.number("hedge")
    }
    pricing =
      try yaml.mapping("pricing") { yaml in
        Pricing(
          inputPerMillion: try yaml.number("inputPerMillion") ?? 0,
          cachedInputPerMillion: try yaml.number("cachedInputPerMillion"),
          cacheWritePerMillion: try yaml.number("cacheWritePerMillion"),
          outputPerMillion: try yaml.number("outputPerMillion") ?? 0)
      } ?? pricing
    try kind.read(&yaml, into: &self)
    try check()
  }

  /// How it is called, on whatever server.
  package mutating func readRules(_ yaml: inout YAMLMapping) throws {
    concurrency = try yaml.integer("concurrency") ?? concurrency
    timeout = try yaml.number("timeout") ?? timeout
    deadline = try yaml.number("deadline") ?? deadline
    attempts = try yaml.integer("attempts") ?? attempts
  }

  package func check() throws {
    for (key, value, most) in [
      ("maxTokens", maxTokens, Bounds.tokens), ("concurrency", concurrency, Bounds.concurrency),
      ("samplesPerCall", samplesPerCall, Bounds.concurrency), ("attempts", attempts, Bounds.count),
      ("threads", threads, Bounds.threads), ("context", context, Bounds.tokens), ("slots", slots, Bounds.concurrency),
      ("cacheMegabytes", cacheMegabytes, Bounds.megabytes),
    ] {
      if let problem = Bounds.problem(value, "\(section).\(key)", most: most) { throw ConfigurationError(problem) }
    }
    if let temperature, !(temperature >= 0 && temperature.isFinite) {
      throw ConfigurationError("\(section).temperature is \(temperature); it is not negative.")
    }
    if let topP, !(topP > 0 && topP <= 1) {
      throw ConfigurationError("\(section).topP is \(topP); above 0 and at most 1.")
    }
    if !(timeout > 0 && timeout <= 86_400) {
      throw ConfigurationError("\(section).timeout is \(timeout); seconds, above 0 and at most a day.")
    }
    if !(deadline > 0 && deadline <= 86_400) {
      throw ConfigurationError("\(section).deadline is \(deadline); seconds, above 0 and at most a day.")
    }
    if let hedge, !(hedge > 0 && hedge < 1) {
      throw ConfigurationError(
        "\(section).hedge is \(hedge); a quantile of the latency, above 0 and below 1, such as 0.95.")
    }
    for (key, price) in [
      ("inputPerMillion", pricing.inputPerMillion), ("cachedInputPerMillion", pricing.cachedInputPerMillion),
      ("cacheWritePerMillion", pricing.cacheWritePerMillion), ("outputPerMillion", pricing.outputPerMillion),
    ] where !(price >= 0 && price.isFinite) {
      throw ConfigurationError("\(section).pricing.\(key) is \(price); it is not negative.")
    }
    if let port, !(1...65_535).contains(port) { throw ConfigurationError("\(section).port is \(port); 1 to 65535.") }
    if format == .tools, api == .text {
      throw ConfigurationError("\(section).format tools goes with api: chat; a text has no tools to call.")
    }
    if api == .responses, kind != OpenAIKind.self {
      throw ConfigurationError("\(section).api responses goes with kind openai; \(kind.name) has chat and text.")
    }
    if api == .responses, choices == .grammar {
      throw ConfigurationError("\(section).choices grammar goes with api chat or text; the Responses API takes schema.")
    }
    try kind.check(self)
  }
}
