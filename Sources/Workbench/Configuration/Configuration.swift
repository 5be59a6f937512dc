import Agents
import ChildProcess
import ParticleFilter
import Policies
import Steering

/// Everything a command is told, by a file and by flags on top of it.
struct Configuration {
  var environment: EnvironmentSettings
  var policy: PolicySettings
  var critic = CriticSettings()
  var steering = SteeringSettings(answer: .search)
  /// `steering.resample` is `auto`: the plan says when.
  var isAutomatic = true
  var limits = Limits()
}

struct PolicySettings {
  enum Kind: String, CaseIterable { case openai, anthropic, local, mlx, recorded }

  /// Which endpoint of a server of the OpenAI kind is asked.
  enum API: String, CaseIterable { case chat, responses, text }

  var kind: Kind
  /// Where the keys stand, for errors.
  var section = "policy"
  var api: API?
  var url: String?
  var model: String?
  var apiKeyVariable: String?
  /// nil leaves it to the server.
  var temperature: Double? = 1
  var topP: Double?
  var maxTokens = 1024
  var format = ActionFormat.react
  var concurrency = 8
  var choices = ChoiceConstraint.auto
  var samplesPerCall: Int?
  var timeout = 120.0
  var deadline = 600.0
  var attempts = RetryRule().attempts
  var adaptiveConcurrency = true
  var hedge: Double?
  var pricing = Pricing()
  // openai
  var maxTokensParameter: ChatCompletionsPolicy.TokenParameter?
  var logprobs = false
  // openai and anthropic
  var allowPlainHTTP = false
  var apiKeyHeader: String?
  var query: [String: ValueTemplate] = [:]
  var headers: [String: ValueTemplate] = [:]
  var reasoningEffort: String?
  // anthropic
  var thinking: AnthropicPolicy.Thinking?
  var promptCache = true
  // recorded
  var recording: String?
  var identity: String?
  // mlx
  var adapter: String?
  var cacheMegabytes = 1024
  // local and mlx
  var python: String?
  var port: Int?
  var threads: Int?
  var context = 1024
  var slots: Int?
  // local
  /// What the server gets of the environment.
  var children = ChildEnvironment()

  /// The environment variables that hold secrets.
  var keyVariables: Set<String> { Set(server.variables) }
}
