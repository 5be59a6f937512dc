import Agents
import ChildProcess
import ModelServers
import ParticleFilter
import Policies
import Steering

/// Everything a command is told, by a file and by flags on top of it.
package struct Configuration {
  package var environment: EnvironmentSettings
  package var policy: PolicySettings
  package var critic = CriticSettings()
  package var steering = SteeringSettings(answer: .search)
  /// `steering.resample` is `auto`: the plan says when.
  var isAutomatic = true
  package var limits = Limits()
}

extension Configuration {
  /// For a world and a policy that the caller has made.
  init(_ suite: any TaskSuite, policy: any Policy) {
    environment = EnvironmentSettings(suite)
    self.policy = PolicySettings(kind: .recorded)
    self.policy.format = policy.format
  }
}

package struct PolicySettings {
  package enum Kind: String, CaseIterable { case openai, anthropic, local, mlx, recorded }

  /// Which endpoint of a server of the OpenAI kind is asked.
  package enum API: String, CaseIterable { case chat, responses, text }

  package var kind: Kind
  /// Where the keys stand, for errors.
  package var section = "policy"
  var api: API?
  var url: String?
  package var model: String?
  var apiKeyVariable: String?
  /// nil leaves it to the server.
  package var temperature: Double? = 1
  var topP: Double?
  var maxTokens = 1024
  package var format = ActionFormat.react
  package var concurrency = 8
  package var choices = ChoiceConstraint.auto
  var samplesPerCall: Int?
  var timeout = 120.0
  var deadline = 600.0
  package var attempts = RetryRule().attempts
  var adaptiveConcurrency = true
  var hedge: Double?
  package var pricing = Pricing()
  // openai
  var maxTokensParameter: ChatCompletionsPolicy.TokenParameter?
  var logprobs = false
  // openai and anthropic
  var allowPlainHTTP = false
  var apiKeyHeader: String?
  package var query: [String: ValueTemplate] = [:]
  var headers: [String: ValueTemplate] = [:]
  var reasoningEffort: String?
  // anthropic
  var thinking: AnthropicPolicy.Thinking?
  var promptCache = true
  // recorded
  package var recording: String?
  package var identity: String?
  // mlx
  package var adapter: String?
  var cacheMegabytes = 1024
  // local and mlx
  var python: String?
  var port: Int?
  var threads: Int?
  package var context = 1024
  var slots: Int?
  // local
  /// What the server gets of the environment.
  var children = ChildEnvironment()

  /// The environment variables that hold secrets.
  var keyVariables: Set<String> { Set(server.variables) }
}
