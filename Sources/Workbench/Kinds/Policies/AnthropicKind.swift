import Agents
import HTTP
import ModelServers
import Policies

/// Anthropic's Messages API.
package struct AnthropicKind: PolicyKind {
  package static let name = "anthropic"
  package static let summary = "Anthropic's Messages API."
  package static let canJudge = true

  private let settings: PolicySettings

  package init(_ settings: PolicySettings) { self.settings = settings }

  package static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws {
    try settings.readServer(&yaml, url: KeyWords(default: "Anthropic's", "base URL, including `/v1`"))
    settings.url = settings.url ?? "https://api.anthropic.com/v1"
    if let given = try yaml.thinking(
      "thinkingTokens", default: "`none`",
      "extended thinking: a token budget, or `adaptive`, which newer models require")
    {
      settings.thinking = given
    }
    settings.reasoningEffort = try yaml.text(
      "reasoningEffort", default: "not sent", "`output_config.effort`: `low`, `medium`, `high` …"
    ).flatMap { $0 == "none" ? nil : $0 }
    settings.promptCache = try yaml.flag(
      "promptCache", default: settings.promptCache,
      "marks the instructions and the shared past for the provider's prompt cache")
  }

  package static func check(_ settings: PolicySettings) throws {
    try settings.checkServer()
    let section = settings.section
    if let temperature = settings.temperature, temperature > 1 {
      throw ConfigurationError("\(section).temperature is \(temperature); this API accepts 0 to 1.")
    }
    if case .tokens(let tokens) = settings.thinking, tokens < 1024 || tokens >= settings.maxTokens {
      throw ConfigurationError(
        """
        \(section).thinkingTokens is \(tokens); it must be at least 1024, and less than maxTokens, which includes the \
        thoughts.
        """)
    }
    if settings.topP != nil, let temperature = settings.temperature, temperature != 1 {
      throw ConfigurationError(
        "\(section).topP needs \(section).temperature 1: this API accepts only one of the two settings.")
    }
    if settings.thinking != nil, let temperature = settings.temperature, temperature != 1 {
      throw ConfigurationError(
        "\(section).thinkingTokens needs \(section).temperature 1: with thinking, this API allows no other.")
    }
  }

  package var identity: String { writer.identity }

  package func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T {
    let access = try settings.server.access()
    return try await withHTTPClient(connections: settings.concurrency, for: access.url) { client in
      try await body(AnthropicPolicy(access, settings: messages, client: client))
    }
  }

  package func written(_ request: PolicyRequest) throws -> WrittenPrompt { try WrittenPrompt(request, by: writer) }

  package func probe() async throws -> [PolicyProbe.Finding] {
    let access = try settings.server.access()
    return try await withHTTPClient(connections: 2, for: access.url) { client in
      var messages = messages
      messages.rules = messages.rules.impatient
      return try await PolicyProbe.basics(AnthropicPolicy(access, settings: messages, client: client))
    }
  }

  private var messages: AnthropicPolicy.Settings {
    var messages = AnthropicPolicy.Settings(
      model: settings.model ?? "", format: settings.format, temperature: settings.temperature, topP: settings.topP,
      maxTokens: settings.maxTokens, rules: settings.rules)
    messages.thinking = settings.thinking
    messages.effort = settings.reasoningEffort
    messages.questions = settings.questions
    messages.cachesPrompts = settings.promptCache
    return messages
  }

  private var writer: AnthropicPolicy { AnthropicPolicy(url: "", key: nil, settings: messages) }
}
