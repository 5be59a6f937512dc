import Agents
import ChildProcess
import Critics
import Foundation
import HTTP
import ModelServers
import Policies
import RolloutStore
import Steering

/// The embeddings that a critic has as features: a model behind a server, or one that is served here.
package struct EmbeddingSettings: Sendable {
  /// nil for a llama.cpp server that runs while texts are embedded.
  private let server: ServerSettings?
  private let settings: EmbeddingServer.Settings
  /// A GGUF file; nil for the bundled model.
  private let file: String?
  package var children = ChildEnvironment()

  package var keyVariables: Set<String> { Set(server?.variables ?? []) }

  package var needs: Set<Need> {
    guard server == nil else { return [] }
    return Set([.modelServer(python: nil)] + (file == nil ? [.bundledModel] : []))
  }

  package init(_ yaml: inout YAMLMapping) throws {
    var policy = PolicySettings(kind: OpenAIKind.self)
    policy.section = "critic.embeddings"
    policy.concurrency = 4
    let kind = try yaml.kind(
      "kind", among: ["openai", "local"], default: "`openai`",
      "`openai`: any server with `/embeddings`. `local`: a llama.cpp server that runs while texts are embedded")
    let isLocal = kind == "local"
    if isLocal {
      file = try yaml.text("model", default: "the bundled model", "a GGUF file")
      settings = EmbeddingServer.Settings(
        model: LocalServer.modelName(file ?? Installation.current.servedModel), rules: policy.rules)
      server = nil
      return
    }
    file = nil
    try policy.readServer(
      &yaml,
      url: KeyWords(default: "required", "base URL, such as `https://api.example.com/v1`; `/embeddings` is appended"))
    policy.model = try yaml.text("model", default: .required, "name of the model at the server")
    try policy.readRules(&yaml)
    let batch = try yaml.count("batch", most: Bounds.concurrency, default: 32, "texts in one request")
    let longest = try yaml.count(
      "characters", most: Bounds.tokens, default: 2_000, "of a longer text, only so many characters of its end are sent"
    )
    guard policy.url != nil else {
      throw ConfigurationError.missing("critic.embeddings.url", "the base URL, such as \"https://api.example.com/v1\".")
    }
    try policy.check()
    server = policy.server
    settings = EmbeddingServer.Settings(
      model: policy.model ?? "", batch: batch, longest: longest, rules: policy.rules)
  }

  /// The embedder. Its vectors are stored; the server is asked, or started, only for texts that are new.
  func embedder(in workbench: Workbench) throws -> any Embedder {
    let access = try server?.access()
    let (settings, file, children) = (settings, file, children)
    let ended: @Sendable () async -> PolicyError? = { [budget = workbench.budget] in await budget.end }
    let identity = ProjectedEmbedder(
      EmbeddingServer(ServerAccess(url: "", key: nil), settings: settings)
    ).identity
    return RecordedEmbedder(identity, store: workbench.store, environment: workbench.world.identity) {
      texts async throws(CriticError) in
      @Sendable func ask(_ access: ServerAccess) async throws -> [[Float]] {
        try await withHTTPClient(connections: settings.rules.concurrency, for: access.url) { client in
          try await ProjectedEmbedder(
            EmbeddingServer(access, settings: settings, client: client, ended: ended)
          ).vectors(of: texts)
        }
      }
      do {
        if let access { return try await ask(access) }
        var server = LocalServer.Settings(
          python: Installation.current.serverPython, model: file ?? Installation.current.servedModel, slots: 1,
          context: 2_048)
        server.embeddings = true
        server.environment = children
        return try await LocalServer.with(server) { try await ask(ServerAccess(url: $0.url, key: nil)) }
      } catch let error as CriticError {
        throw error
      } catch let error as PolicyError {
        throw CriticError(error)
      } catch {
        throw CriticError(.failed, "No embeddings: \(error)")
      }
    }
  }
}

extension Workbench {
  /// The embedder of the configured critic; nil if it has none.
  func embedder() throws -> (any Embedder)? {
    try (configuration.critic.own as? TreesKind)?.embeddings?.embedder(in: self)
  }

  /// The embeddings of everything in these rollouts; nil if the configured critic uses none.
  func embeddings(of rollouts: [Trajectory], steered: [SteeredStep] = []) async throws -> StateEmbeddings? {
    guard let embedder = try embedder() else { return nil }
    return try await StateEmbeddings(of: TreesCritic.states(of: rollouts, steered: steered), by: embedder)
  }
}
