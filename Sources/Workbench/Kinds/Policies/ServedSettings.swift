import HTTP
import ModelServers
import Policies

extension PolicySettings {
  /// Reads the keys that all servers not started by this process share.
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

  /// Refuses settings without a usable server.
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

  /// The settings of the OpenAI-compatible endpoints.
  func completions(model: String, rules: CallRules) -> ChatCompletionsPolicy.Settings {
    var completions = ChatCompletionsPolicy.Settings(
      model: model, api: api == .text ? .text : .chat, format: format, temperature: temperature, topP: topP,
      maxTokens: maxTokens, constraint: choices, rules: rules)
    completions.tokenParameter = maxTokensParameter
    completions.reasoningEffort = reasoningEffort
    completions.logProbabilities = logprobs
    completions.questions = questions
    return completions
  }

  /// What is set of an agent's own sampling; nil for other worlds.
  var questions: QuestionSettings? {
    guard answersQuestions else { return nil }
    var questions = QuestionSettings()
    if given.contains("temperature") { questions.temperature = temperature }
    if given.contains("topP") { questions.topP = topP }
    if given.contains("maxTokens") { questions.maxTokens = maxTokens }
    if given.contains("reasoningEffort") { questions.reasoningEffort = reasoningEffort }
    return questions
  }

  /// The largest number of answers per prompt. It is never above the calls in flight. A server that returns fewer
  /// answers is detected.
  var samples: Int { samplesPerCall ?? concurrency }
}

extension PolicySettings {
  package var rules: CallRules {
    CallRules(
      // A server that this process started is not restarted by others.
      retry: RetryRule(attempts: attempts, waitsOutOutages: !kind.startsServer), timeout: timeout, deadline: deadline,
      concurrency: OpenFiles.connections(concurrency),
      isAdaptive: adaptiveConcurrency && !kind.startsServer, hedge: hedge, allowsPlainHTTP: allowPlainHTTP,
      section: section
    )
  }
}

extension CallRules {
  /// The same rules without waiting for outages, for calls that test whether the server answers.
  var impatient: CallRules {
    var rules = self
    rules.retry.waitsOutOutages = false
    return rules
  }
}
