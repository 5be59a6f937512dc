import Agents
import HTTP
import ModelServers
import Policies

/// Any server with OpenAI's chat completions, completions or Responses API.
package struct OpenAIKind: PolicyKind {
  package static let name = "openai"
  package static let summary = "Any OpenAI-compatible server: api chat, responses or text."
  package static let canJudge = true
  package static let apis: Set<PolicySettings.API> = [.chat, .text, .responses]
  package static let apiWords = KeyWords(
    default: "`chat`",
    """
    `chat` (`/chat/completions`), `text` (`/completions`, for base models and very small models) or `responses` \
    (`/responses`: one answer a request, no seed)
    """)

  private let settings: PolicySettings

  package init(_ settings: PolicySettings) { self.settings = settings }

  package static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws {
    try settings.readServer(&yaml, url: KeyWords(default: "required", "base URL, including `/v1`"))
    settings.maxTokensParameter = try yaml.choice(
      "maxTokensParameter", ChatCompletionsPolicy.TokenParameter.self, default: "detected",
      "what the server calls `maxTokens`")
    settings.reasoningEffort = try yaml.text(
      "reasoningEffort", default: "not sent",
      """
      `reasoning_effort` (`reasoning.effort` for `responses`). The value `none` is sent too, because OpenAI's API \
      defines it
      """)
    settings.logprobs = try yaml.flag(
      "logprobs", default: settings.logprobs, "requests log-probabilities and stores their sum with the answer")
  }

  package static func check(_ settings: PolicySettings) throws { try settings.checkServer() }

  package var identity: String { writer.identity }

  package func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T {
    let access = try settings.server.access()
    return try await withHTTPClient(connections: settings.concurrency, for: access.url) { client in
      if settings.api == .responses {
        return try await body(ResponsesPolicy(access, settings: responses, client: client))
      }
      let policy = ChatCompletionsPolicy(access, settings: completions, client: client)
      return try await body(SharedPrompts(policy, most: min(settings.samples, 128)))
    }
  }

  package func written(_ request: PolicyRequest) throws -> WrittenPrompt { try WrittenPrompt(request, by: writer) }

  package func probe() async throws -> [PolicyProbe.Finding] {
    let access = try settings.server.access()
    return try await withHTTPClient(connections: 2, for: access.url) { client in
      if settings.api == .responses {
        var responses = responses
        responses.rules = responses.rules.impatient
        return try await PolicyProbe.basics(ResponsesPolicy(access, settings: responses, client: client))
      }
      var completions = completions
      completions.rules = completions.rules.impatient
      let basics = try await PolicyProbe.basics(ChatCompletionsPolicy(access, settings: completions, client: client))
      let features = await PolicyProbe.features(completions) {
        ChatCompletionsPolicy(access, settings: $0, client: client)
      }
      return basics + features
    }
  }

  private var completions: ChatCompletionsPolicy.Settings {
    settings.completions(model: settings.model ?? "", rules: settings.rules)
  }

  /// The settings of the Responses API.
  var responses: ResponsesPolicy.Settings {
    var responses = ResponsesPolicy.Settings(
      model: settings.model ?? "", format: settings.format, temperature: settings.temperature, topP: settings.topP,
      maxTokens: settings.maxTokens, constraint: settings.choices, rules: settings.rules)
    responses.reasoningEffort = settings.reasoningEffort
    responses.logProbabilities = settings.logprobs
    responses.questions = settings.questions
    return responses
  }

  private var writer: any Policy & RequestWriting {
    settings.api == .responses
      ? ResponsesPolicy(url: "", settings: responses) : ChatCompletionsPolicy(url: "", settings: completions)
  }
}
