import Agents
import Critics

/// Boosted trees that `cox train` fits on stored rollouts.
package struct TreesKind: CriticKind {
  package static let name = "trees"
  package static let summary = "Boosted trees, trained on stored rollouts."

  package var embeddings: EmbeddingSettings?

  package init() {}

  package init(_ yaml: inout YAMLMapping) throws {
    embeddings = try yaml.mapping(
      "embeddings", default: .none,
      "embeddings of the request and of the present as further features; stored, and asked for once"
    ) { yaml in
      try EmbeddingSettings(&yaml)
    }
  }

  package var keyVariables: Set<String> { embeddings?.keyVariables ?? [] }

  package mutating func withhold(_ keys: Set<String>) { embeddings?.children.keys = keys }

  package func needs(besides _: PolicySettings) -> Set<Need> { embeddings?.needs ?? [] }

  package func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    try await body(immediate(name, in: workbench))
  }

  package func immediate(_ name: String, in workbench: Workbench) throws -> any Critic {
    let critic = try Workbench.trees(name, store: workbench.options.store, for: workbench.world.identity)
    guard let embedder = critic.embedderIdentity else { return critic }
    guard let own = try embeddings?.embedder(in: workbench), own.identity == embedder else {
      throw ConfigurationError(
        """
        The critic \(name) uses \(embedder), which is not what critic.embeddings asks. Give the critic.embeddings that it \
        was trained with, or train it again.
        """)
    }
    return critic.asking(own)
  }
}
