import Agents

/// A kind of world: its name, the keys that it reads, and how it is made from them. A new kind is one file with one such type, and
/// one line in ``worldKinds``.
package protocol WorldKind: Sendable {
  /// As `environment.kind` names it.
  static var name: String { get }

  /// One line for help and documentation.
  static var summary: String { get }

  /// Whether ``PromptSettings`` apply to it.
  static var takesPrompts: Bool { get }

  /// Whether a program or a server has to be asked for the world's identity.
  static var asksForIdentity: Bool { get }

  /// Reads the keys of this kind. The keys that all kinds share are read elsewhere.
  init(_ yaml: inout YAMLMapping) throws

  /// What of this machine's software a world of these settings needs.
  var needs: Set<Need> { get }

  /// Makes the world. The caller closes it.
  ///
  /// - Parameter observer: told of reading that takes long.
  func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World
}

extension WorldKind {
  package static var takesPrompts: Bool { true }
  package static var asksForIdentity: Bool { false }
  package var needs: Set<Need> { [] }
}

/// Every kind of world, in the order in which they are listed.
package let worldKinds: [any WorldKind.Type] = [
  OrdersSettings.self, ArithmeticSettings.self, TextCraftSettings.self, ShopSettings.self, ScienceWorldSettings.self,
  AgentGymSettings.self, OpenEnvSettings.self, ProcessSettings.self,
]
