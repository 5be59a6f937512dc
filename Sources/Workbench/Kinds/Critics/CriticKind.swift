import Agents

/// A kind of critic: its name, the keys that it reads, and how it is opened. A new kind needs one file with such a
/// type, and one line in ``criticKinds``.
package protocol CriticKind: Sendable {
  /// The name in `critic.kind` and `--critic`.
  static var name: String { get }

  /// One line for help and documentation.
  static var summary: String { get }

  /// Whether its values come from a server, which takes time and may cost money.
  static var isAsked: Bool { get }

  /// The critic with default settings, for a flag that names it when the configuration does not.
  ///
  /// - Throws: ``ConfigurationError`` if it has required keys.
  init() throws

  /// Reads the keys of this kind.
  init(_ yaml: inout YAMLMapping) throws

  /// The environment variables that hold its secrets.
  var keyVariables: Set<String> { get }

  /// Withholds variables from the child processes of this critic.
  mutating func withhold(_ keys: Set<String>)

  /// The software that it needs on this machine in addition to the policy's needs.
  func needs(besides policy: PolicySettings) -> Set<Need>

  /// Whether a critic with this name was trained as one of this kind.
  static func isTrained(_ name: String, in workbench: Workbench) -> Bool

  /// Runs `body` with the critic. Its server, if it has one, is started before and stopped after. Its answers are
  /// stored and count towards the limits at its own prices.
  ///
  /// - Parameter name: a kind, or the name or file of a trained critic.
  func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T

  /// The critic, if it can be opened without starting a server or loading a model.
  func immediate(_ name: String, in workbench: Workbench) throws -> any Critic
}

/// Every kind of critic, in the order in which they are listed. The first is the default.
package let criticKinds: [any CriticKind.Type] = [
  TreesKind.self, JudgeKind.self, PoolingKind.self, LMKind.self, ConstantKind.self,
]

extension CriticKind {
  package static var isAsked: Bool { false }
  package var keyVariables: Set<String> { [] }
  package mutating func withhold(_ keys: Set<String>) {}
  package func needs(besides policy: PolicySettings) -> Set<Need> { [] }
  package static func isTrained(_ name: String, in workbench: Workbench) -> Bool { false }

  package init(_ yaml: inout YAMLMapping) throws { try self.init() }

  static func unconfigured() -> ConfigurationError {
    ConfigurationError(
      "The configuration has no critic of kind \(name): write critic: { kind: \(name), url: …, model: … }.")
  }

  package func immediate(_ name: String, in workbench: Workbench) throws -> any Critic {
    throw ConfigurationError(
      "The critic \(name) cannot be used here: its values come from a server that is not started.")
  }
}
