import Agents

/// A critic that the calling program made. No configuration file names it.
struct GivenCritic: CriticKind {
  static let name = "given"
  static let summary = "A critic that a program has made."

  private let made: any Critic

  init(_ made: any Critic) { self.made = made }

  init() throws {
    throw ConfigurationError(
      "The critic kind given is only for programs that make their own critic; choose another kind.")
  }

  func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    try await body(made)
  }

  func immediate(_ name: String, in workbench: Workbench) -> any Critic { made }
}
