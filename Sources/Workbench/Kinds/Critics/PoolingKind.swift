import Agents
import Critics
import HTTP
import ModelServers
import Steering

/// A served reward model as critic.
package struct PoolingKind: CriticKind {
  package static let name = "pooling"
  package static let summary = "A reward model behind vLLM's /pooling."
  package static let isAsked = true

  package var server: ServerSettings
  package var critic: PoolingCritic.Settings

  package init() throws { throw Self.unconfigured() }

  package init(_ yaml: inout YAMLMapping) throws {
    // The keys that are also a policy's keys are read and checked in the same way.
    var server = PolicySettings(kind: OpenAIKind.self)
    server.section = "critic"
    server.concurrency = 4
    try server.readServer(
      &yaml, url: KeyWords(default: "required", "base URL; `/pooling` is appended (vLLM: without `/v1`)"))
    server.model = try yaml.text(
      "model", default: .required,
      """
      name of the model at the server. Serve it with a pooling that reads each text once and, for a model with one \
      output, without softmax, which would make every value 1
      """)
    try server.readRules(&yaml)
    let standard = PoolingCritic.Settings(model: "")
    let batch = try yaml.count("batch", most: Bounds.concurrency, default: standard.batch, "texts in one request")
    let scale = try yaml.number(
      "scale", default: standard.scale, "return-to-go = `scale` · number + `offset`, in reward units")
    let offset = try yaml.number("offset", default: standard.offset, "see `scale`")
    guard server.url != nil else {
      throw ConfigurationError.missing(
        "critic.url", "the base URL that /pooling follows, such as \"https://rewards.example.com\".")
    }
    try server.check()
    self.server = server.server
    critic = PoolingCritic.Settings(
      model: server.model ?? "", batch: batch, scale: scale, offset: offset, rules: server.rules)
    guard critic.scale.isFinite, critic.scale != 0, critic.offset.isFinite else {
      throw ConfigurationError(
        "critic.scale is \(critic.scale) and critic.offset \(critic.offset); both must be finite, and the scale not 0.")
    }
  }

  package var keyVariables: Set<String> { Set(server.variables) }

  package func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    let access = try server.access()
    return try await withHTTPClient(connections: critic.rules.concurrency, for: access.url) { client in
      let critic = PoolingCritic(
        access, settings: critic, client: client, ended: { [budget = workbench.budget] in await budget.end })
      return try await body(
        RecordedCritic(critic, store: workbench.store, environment: workbench.world.identity))
    }
  }
}
