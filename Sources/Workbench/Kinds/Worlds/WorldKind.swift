import Agents

/// A kind of world: its name, the keys that it reads, and how it is created from them. A new kind needs one file with
/// such a type, and one line in ``worldKinds``.
package protocol WorldKind: Sendable {
  /// The name in `environment.kind`.
  static var name: String { get }

  /// One line for help and documentation.
  static var summary: String { get }

  /// Whether ``PromptSettings`` apply to it.
  static var takesPrompts: Bool { get }

  /// Whether it reads the key `tasks` itself, which is a file for it.
  static var readsTasks: Bool { get }

  /// Whether its observations are questions of an agent's own program, which are sent as they are.
  static var asksQuestions: Bool { get }

  /// Whether the world's identity is known only after a program or server has been asked.
  static var asksForIdentity: Bool { get }

  /// Reads the keys of this kind. The keys that all kinds share are read elsewhere.
  init(_ yaml: inout YAMLMapping) throws

  /// The software that a world with these settings needs on this machine.
  var needs: Set<Need> { get }

  /// Creates the world. The caller closes it.
  ///
  /// - Parameter observer: receives the progress of slow reading.
  func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World
}

extension WorldKind {
  package static var takesPrompts: Bool { true }
  package static var readsTasks: Bool { false }
  package static var asksQuestions: Bool { false }
  package static var asksForIdentity: Bool { false }
  package var needs: Set<Need> { [] }
}

/// Every kind of world, in the order in which they are listed.
package let worldKinds: [any WorldKind.Type] = [
  OrdersSettings.self, ArithmeticSettings.self, TextCraftSettings.self, ShopSettings.self, ScienceWorldSettings.self,
  TextWorldExpressSettings.self, AgentGymSettings.self, OpenEnvSettings.self, ORSSettings.self, ProcessSettings.self,
  AgentSettings.self,
]
