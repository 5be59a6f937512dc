import Agents
import ChildProcess
import ModelServers
import OpenWeights
import ParticleFilter
import Policies
import Steering
import Tracking

/// The complete settings of a command: those of the file, changed by flags.
package struct Configuration {
  package var environment: WorldSettings
  package var policy: PolicySettings
  package var critic = CriticSettings()
  package var steering = SteeringSettings(answer: .search)
  /// Whether `steering.resample` is `auto`, so that the plan chooses the schedule.
  package var isAutomatic = true
  package var limits = Limits()
  package var tracking = TrackingSettings()

  /// Turns every tracker off. Its variables stay withheld from child processes.
  package mutating func withoutTracking() { tracking = TrackingSettings() }

  /// The environment variables that may hold secrets. No child process gets them unless it is named for it.
  package var keyVariables: Set<String> {
    policy.keyVariables.union(critic.own.keyVariables).union(tracking.keyVariables)
  }
}

extension Configuration {
  /// The configuration for a world and a policy that the caller has made.
  package init(_ world: any World, policy: any Policy) {
    environment = WorldSettings(world)
    self.policy = PolicySettings(kind: GivenPolicy.self)
    self.policy.format = policy.format
  }
}

package struct PolicySettings {
  /// The endpoint that is used on a server of the OpenAI kind.
  package enum API: String, CaseIterable { case chat, responses, text }

  package var kind: any PolicyKind.Type
  /// Keys of sampling that are given. An agent's own program decides the others itself.
  package var given: Set<String> = []
  /// Whether the policy answers the questions of an agent's own program.
  package var answersQuestions = false
  /// The section of the keys, for errors.
  package var section = "policy"
  package var api: API?
  package var url: String?
  package var model: String?
  package var apiKeyVariable: String?
  /// nil for the server's default.
  package var temperature: Double? = 1
  package var topP: Double?
  package var maxTokens = 1024
  package var format = ActionFormat.react
  package var concurrency = 8
  package var choices = ChoiceConstraint.auto
  package var samplesPerCall: Int?
  package var timeout = 120.0
  package var deadline = 600.0
  package var attempts = RetryRule().attempts
  package var adaptiveConcurrency = true
  package var hedge: Double?
  package var pricing = Pricing()
  // openai
  package var maxTokensParameter: ChatCompletionsPolicy.TokenParameter?
  package var logprobs = false
  // openai and anthropic
  package var allowPlainHTTP = false
  package var apiKeyHeader: String?
  package var query: [String: ValueTemplate] = [:]
  package var headers: [String: ValueTemplate] = [:]
  package var reasoningEffort: String?
  // anthropic
  package var thinking: AnthropicPolicy.Thinking?
  package var promptCache = true
  // recorded
  package var recording: String?
  package var identity: String?
  // mlx
  package var adapter: String?
  package var cacheMegabytes = 1024
  /// Draws answers by Sequential Monte Carlo over their tokens; nil for plain sampling.
  package var answerSteering: AnswerSteering?
  package var precision = Precision.exact
  // local and mlx
  package var python: String?
  package var port: Int?
  package var threads: Int?
  package var context = 1024
  package var slots: Int?
  // local
  /// The environment variables that the server receives.
  package var children = ChildEnvironment()

  package init(kind: any PolicyKind.Type) { self.kind = kind }

  /// The environment variables that hold secrets.
  package var keyVariables: Set<String> { Set(server.variables) }
}
