import Agents

/// A critic with the same value everywhere. With it a population is best-of-N.
package struct ConstantKind: CriticKind {
  package static let name = "constant"
  package static let summary = "Nothing: every state has the same value."

  package init() {}

  package func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    try await body(ConstantCritic())
  }

  package func immediate(_ name: String, in workbench: Workbench) -> any Critic { ConstantCritic() }
}
