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
    // The keys that a policy has too are read, and checked, as a policy's are.
    var server = PolicySettings(kind: OpenAIKind.self)
    server.section = "critic"
    server.concurrency = 4
    try server.readServer(&yaml)
    server.model = try yaml.text("model")
    try server.readRules(&yaml)
    guard server.url != nil else {
      throw ConfigurationError.missing(
        "critic.url", "the base URL that /pooling follows, such as \"https://rewards.example.com\".")
    }
    try server.check()
    self.server = server.server
    critic = PoolingCritic.Settings(model: server.model ?? "", rules: server.rules)
    critic.batch = try yaml.count("batch", most: Bounds.concurrency) ?? critic.batch
    critic.scale = try yaml.number("scale") ?? critic.scale
    critic.offset = try yaml.number("offset") ?? critic.offset
    guard critic.scale.isFinite, critic.scale != 0, critic.offset.isFinite else {
      throw ConfigurationError(
        "critic.scale is \(critic.scale) and critic.offset \(critic.offset); numbers, and the scale not 0.")
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
