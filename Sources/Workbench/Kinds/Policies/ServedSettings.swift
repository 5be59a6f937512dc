import HTTP
import ModelServers
import Policies

extension PolicySettings {
  /// Reads what every server is told by that this process does not start.
  mutating func readServer(_ yaml: inout YAMLMapping) throws {
    url = try yaml.text("url")
    apiKeyVariable = try yaml.text("apiKeyVariable")
    apiKeyHeader = try yaml.text("apiKeyHeader")
    query = try yaml.textFields("query")?.mapValues(ValueTemplate.init) ?? query
    headers = try yaml.textFields("headers")?.mapValues(ValueTemplate.init) ?? headers
    adaptiveConcurrency = try yaml.flag("adaptiveConcurrency") ?? adaptiveConcurrency
    allowPlainHTTP = try yaml.flag("allowPlainHTTP") ?? allowPlainHTTP
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
