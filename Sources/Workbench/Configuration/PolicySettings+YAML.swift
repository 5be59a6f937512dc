import Agents
import HTTP
import Policies

extension PolicySettings {
  package init(_ yaml: inout YAMLMapping) throws {
    guard let kind = try yaml.choice("kind", Kind.self) else {
      throw ConfigurationError.missing(
        "policy.kind", "one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
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
    if kind == .mlx {
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
    switch kind {
    case .openai:
      try readServer(&yaml)
      maxTokensParameter = try yaml.choice("maxTokensParameter", ChatCompletionsPolicy.TokenParameter.self)
      reasoningEffort = try yaml.text("reasoningEffort")
      logprobs = try yaml.flag("logprobs") ?? logprobs
    case .anthropic:
      try readServer(&yaml)
      url = url ?? "https://api.anthropic.com/v1"
      if let given = try yaml.thinking("thinkingTokens") { thinking = given }
      reasoningEffort = try yaml.text("reasoningEffort").flatMap { $0 == "none" ? nil : $0 }
      promptCache = try yaml.flag("promptCache") ?? promptCache
    case .recorded:
      recording = try yaml.text("recording")
      identity = try yaml.text("identity")
    case .mlx:
      adapter = try yaml.text("adapter")
      threads = try yaml.integer("threads")
      cacheMegabytes = try yaml.integer("cacheMegabytes") ?? cacheMegabytes
    case .local:
      python = try yaml.text("python")
      port = try yaml.integer("port")
      threads = try yaml.integer("threads")
      context = try yaml.integer("context") ?? context
      slots = try yaml.integer("slots")
      children.passing = try yaml.variables()
    }
    try check()
  }

  /// What every server that is not ours is told by.
  package mutating func readServer(_ yaml: inout YAMLMapping) throws {
    url = try yaml.text("url")
    apiKeyVariable = try yaml.text("apiKeyVariable")
    apiKeyHeader = try yaml.text("apiKeyHeader")
    query = try yaml.textFields("query")?.mapValues(ValueTemplate.init) ?? query
    headers = try yaml.textFields("headers")?.mapValues(ValueTemplate.init) ?? headers
    adaptiveConcurrency = try yaml.flag("adaptiveConcurrency") ?? adaptiveConcurrency
    allowPlainHTTP = try yaml.flag("allowPlainHTTP") ?? allowPlainHTTP
  }

  /// How it is called, on whatever server.
  package mutating func readRules(_ yaml: inout YAMLMapping) throws {
    concurrency = try yaml.integer("concurrency") ?? concurrency
    timeout = try yaml.number("timeout") ?? timeout
    deadline = try yaml.number("deadline") ?? deadline
    attempts = try yaml.integer("attempts") ?? attempts
  }

  /// What it needs of this machine.
  package var needs: Set<Need> {
    let bundled: Set<Need> = model == nil ? [.bundledModel] : []
    switch kind {
    case .local: return bundled.union([.modelServer(python: python)])
    case .mlx: return bundled.union([.modelsInProcess])
    case .openai, .anthropic, .recorded: return []
    }
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
    if api == .responses, kind != .openai {
      throw ConfigurationError("\(section).api responses goes with kind openai; \(kind) has chat and text.")
    }
    if api == .responses, choices == .grammar {
      throw ConfigurationError("\(section).choices grammar goes with api chat or text; the Responses API takes schema.")
    }
    switch kind {
    case .openai, .anthropic: try checkServer()
    case .recorded:
      if recording == nil {
        throw ConfigurationError.missing("\(section).recording", "the store or cassette whose answers are replayed.")
      }
    case .local: break
    case .mlx:
      if temperature == nil {
        throw ConfigurationError("\(section).temperature is none; a model in process has no other to go by.")
      }
      if format == .tools {
        throw ConfigurationError(
          "\(section).format tools goes with a server; a model in process takes plain and react.")
      }
    }
  }

  private func checkServer() throws {
    guard let url else {
      throw ConfigurationError.missing("\(section).url", "the base URL, such as \"https://api.example.com/v1\".")
    }
    if let problem = ServerURL.problem(url, in: section, allowsPlainHTTP: allowPlainHTTP) {
      throw ConfigurationError("\(section).url \(problem)")
    }
    if model == nil { throw ConfigurationError.missing("\(section).model", "the model's name at the server.") }
    try server.check()
    guard kind == .anthropic else { return }
    if let temperature, temperature > 1 {
      throw ConfigurationError("\(section).temperature is \(temperature); this API takes 0 to 1.")
    }
    if case .tokens(let tokens) = thinking, tokens < 1024 || tokens >= maxTokens {
      throw ConfigurationError(
        "\(section).thinkingTokens is \(tokens); at least 1024, and less than maxTokens, which counts thoughts too.")
    }
    if topP != nil, let temperature, temperature != 1 {
      throw ConfigurationError("\(section).topP goes with temperature 1: this API takes the one or the other.")
    }
    if thinking != nil, let temperature, temperature != 1 {
      throw ConfigurationError("\(section).thinkingTokens goes with temperature 1: a model that thinks samples at 1.")
    }
  }
}
