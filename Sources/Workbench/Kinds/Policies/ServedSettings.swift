import HTTP
import ModelServers
import Policies

extension PolicySettings {
  /// Reads what every server is told by that this process does not start.
  mutating func readServer(_ yaml: inout YAMLMapping, url words: KeyWords) throws {
    url = try yaml.text("url", default: words.default, words.help)
    apiKeyVariable = try yaml.text(
      "apiKeyVariable", default: "no key", "name of the environment variable that holds the key")
    apiKeyHeader = try yaml.text(
      "apiKeyHeader", default: "`Authorization: Bearer` (`openai`), `x-api-key` (`anthropic`)",
      "header that carries the bare key, such as `api-key`")
    query =
      try yaml.textFields(
        "query", default: .none,
        "parameters added to the URL of every request, such as `{ api-version: 2024-10-21 }`")?
      .mapValues(ValueTemplate.init) ?? query
    headers =
      try yaml.textFields(
        "headers", default: .none,
        "headers added to every request; they replace default headers of the same name")?
      .mapValues(ValueTemplate.init) ?? headers
    adaptiveConcurrency = try yaml.flag(
      "adaptiveConcurrency", default: adaptiveConcurrency,
      "reduces concurrency when the server refuses (429) or slows down, and raises it again afterwards")
    allowPlainHTTP = try yaml.flag(
      "allowPlainHTTP", default: allowPlainHTTP, "permits `http` to hosts other than loopback")
  }

  /// Refuses servers that cannot be asked.
  func checkServer() throws {
    guard let url else {
      throw ConfigurationError.missing("\(section).url", "the base URL, such as \"https://api.example.com/v1\".")
    }
    if let problem = ServerURL.problem(url, in: section, allowsPlainHTTP: allowPlainHTTP) {
      throw ConfigurationError("\(section).url \(problem)")
    }
    if model == nil { throw ConfigurationError.missing("\(section).model", "the model's name at the server.") }
    try server.check()
  }

  /// What the OpenAI-compatible endpoints are asked by.
  func completions(model: String, rules: CallRules) -> ChatCompletionsPolicy.Settings {
    var completions = ChatCompletionsPolicy.Settings(
      model: model, api: api == .text ? .text : .chat, format: format, temperature: temperature, topP: topP,
      maxTokens: maxTokens, constraint: choices, rules: rules)
    completions.tokenParameter = maxTokensParameter
    completions.reasoningEffort = reasoningEffort
    completions.logProbabilities = logprobs
    return completions
  }

  /// As many calls as may be in flight never come together in one prompt; a server that draws fewer says so.
  var samples: Int { samplesPerCall ?? concurrency }
}

extension PolicySettings {
  package var rules: CallRules {
    CallRules(
      // Nobody starts our own server again.
      retry: RetryRule(attempts: attempts, waitsOutOutages: !kind.startsServer), timeout: timeout, deadline: deadline,
      concurrency: OpenFiles.connections(concurrency),
      isAdaptive: adaptiveConcurrency && !kind.startsServer, hedge: hedge, allowsPlainHTTP: allowPlainHTTP,
      section: section
    )
  }
}

extension CallRules {
  /// The same rules, for a call that is made to learn whether the server answers.
  var impatient: CallRules {
    var rules = self
    rules.retry.waitsOutOutages = false
    return rules
  }
}
