import Agents
import Policies

/// A policy that the calling program made. No configuration file names it.
struct GivenPolicy: PolicyKind {
  static let name = "given"
  static let summary = "A policy that a program has made."
  static let opensConnections = false

  private let made: any Policy

  init(_ made: any Policy) { self.made = made }

  init(_ settings: PolicySettings) throws {
    throw ConfigurationError("policy.kind given is only for programs that make their own policy; choose another kind.")
  }

  var identity: String { made.identity }

  func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T { try await body(made) }
}
