import Agents
import HTTP
import Policies

extension PolicySettings {
  package init(_ yaml: inout YAMLMapping) throws {
    let names = policyKinds.map { $0.name }
    guard
      let name = try yaml.kind("kind", among: names, default: .required, "how the model is reached; keys below"),
      let kind = policyKinds.first(where: { $0.name == name })
    else { throw ConfigurationError.missing("policy.kind", "one of \(names.joined(separator: ", ")).") }
    self.init(kind: kind)
    try read(&yaml)
  }

  /// Reads every key of a policy except its kind. Missing keys leave their settings unchanged.
  package mutating func read(_ yaml: inout YAMLMapping) throws {
    given = Set(["temperature", "topP", "maxTokens", "reasoningEffort"].filter(yaml.has))
    api = try yaml.choice("api", API.self, default: kind.apiWords.default, kind.apiWords.help)
    model = try yaml.text("model", default: kind.modelWords.default, kind.modelWords.help)
    temperature = try yaml.numberOrNone(
      "temperature", default: temperature,
      """
      temperature of the model. `none` sends no value, so that the server's own applies; that is another policy. `mlx` \
      requires a temperature. (β is `steering.temperature`)
      """)
    topP = try yaml.numberOrNone("topP", default: topP, "top-p of the model; `none` as for `temperature`")
    maxTokens = try yaml.integer("maxTokens", default: maxTokens, "maximal number of tokens of an answer")
    format = try yaml.choice(
      "format", default: format,
      """
      how the model writes an action. `tools` is function calls (not with `api: text`): native ones of a server, or \
      those of the chat template of a model in process. See [below](#how-an-action-is-read)
      """)
    // The keys of network calls do not exist for a model in this process.
    if !kind.hasWire {
      try readConcurrency(&yaml)
    } else {
      choices = try yaml.choice("choices", default: choices, "how the choices of a world are enforced")
      samplesPerCall = try yaml.integer(
        "samplesPerCall", default: "`concurrency`",
        "maximal number of answers that one request may ask for (`n`). A server that returns fewer is detected")
      try readRules(&yaml)
      hedge = try yaml.number(
        "hedge", default: "never",
        """
        sends a second request if an answer takes longer than this quantile of recent latencies, such as 0.95. Both \
        requests are counted as paid
        """)
    }
    pricing =
      try yaml.mapping("pricing", default: .none, "prices of a million tokens, in your currency") { yaml in
        Pricing(
          inputPerMillion: try yaml.number("inputPerMillion", default: 0.0, "price of the prompts"),
          cachedInputPerMillion: try yaml.number(
            "cachedInputPerMillion", default: "`inputPerMillion`", "price of what the provider's prompt cache had"),
          cacheWritePerMillion: try yaml.number(
            "cacheWritePerMillion", default: "`inputPerMillion`", "price of what is written to the cache"),
          outputPerMillion: try yaml.number("outputPerMillion", default: 0.0, "price of the answers"))
      } ?? pricing
    try kind.read(&yaml, into: &self)
    try check()
  }

  /// Reads the keys of calls that all servers share.
  package mutating func readRules(_ yaml: inout YAMLMapping) throws {
    try readConcurrency(&yaml)
    timeout = try yaml.number(
      "timeout", default: timeout, "maximal duration of one request, in seconds, including the body")
    deadline = try yaml.number(
      "deadline", default: deadline,
      """
      maximal duration of a call with all its retries, in seconds. Time during which the process is suspended does not \
      count
      """)
    attempts = try yaml.integer(
      "attempts", default: attempts,
      """
      maximal number of tries for a call that breaks off, times out or returns an unreadable answer. Outages do not \
      count. 1 disables retries
      """)
  }

  private mutating func readConcurrency(_ yaml: inout YAMLMapping) throws {
    concurrency = try yaml.integer(
      "concurrency", default: concurrency,
      """
      maximal number of concurrent requests. It is reduced, with a message, if the process may open too few files \
      (`ulimit -n`)
      """)
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
      throw ConfigurationError("\(section).temperature is \(temperature); it must be 0 or more.")
    }
    if let topP, !(topP > 0 && topP <= 1) {
      throw ConfigurationError("\(section).topP is \(topP); it must be above 0 and at most 1.")
    }
    if !(timeout > 0 && timeout <= 86_400) {
      throw ConfigurationError("\(section).timeout is \(timeout); write seconds, above 0 and at most a day.")
    }
    if !(deadline > 0 && deadline <= 86_400) {
      throw ConfigurationError("\(section).deadline is \(deadline); write seconds, above 0 and at most a day.")
    }
    if let hedge, !(hedge > 0 && hedge < 1) {
      throw ConfigurationError(
        "\(section).hedge is \(hedge); write a quantile of the latency, above 0 and below 1, such as 0.95.")
    }
    for (key, price) in [
      ("inputPerMillion", pricing.inputPerMillion), ("cachedInputPerMillion", pricing.cachedInputPerMillion),
      ("cacheWritePerMillion", pricing.cacheWritePerMillion), ("outputPerMillion", pricing.outputPerMillion),
    ] where !(price >= 0 && price.isFinite) {
      throw ConfigurationError("\(section).pricing.\(key) is \(price); it must be 0 or more.")
    }
    if let port, !(1...65_535).contains(port) {
      throw ConfigurationError("\(section).port is \(port); it must be 1 to 65535.")
    }
    if format == .tools, api == .text {
      throw ConfigurationError(
        "\(section).format tools cannot be used with api: text, which has no tools; use api: chat.")
    }
    if let api, !kind.apis.contains(api) {
      let owners = policyKinds.filter { $0.apis.contains(api) }.map { $0.name }.joined(separator: ", ")
      throw ConfigurationError(
        "\(section).api \(api.rawValue) goes with kind \(owners) only; kind \(kind.name) has the apis chat and text.")
    }
    if api == .responses, choices == .grammar {
      throw ConfigurationError(
        "\(section).choices grammar can only be used with api chat or text; the Responses API takes schema.")
    }
    try kind.check(self)
  }
}
