import Agents
import Critics

/// Boosted trees that `cox train` fits on stored rollouts.
package struct TreesKind: CriticKind {
  package static let name = "trees"
  package static let summary = "Boosted trees, trained on stored rollouts."

  package init() {}

  package func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    try await body(immediate(name, in: workbench))
  }

  package func immediate(_ name: String, in workbench: Workbench) throws -> any Critic {
    try Workbench.trees(name, store: workbench.options.store, for: workbench.world.identity)
  }
}
