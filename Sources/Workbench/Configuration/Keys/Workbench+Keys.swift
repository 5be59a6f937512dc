import Steering
import Tracking

/// Keys of one section of the configuration: those of one kind, or those that all its kinds share.
package struct KeyGroup: Sendable, Encodable {
  /// The section's name, such as `environment`.
  package let section: String
  /// The kind; nil for the keys of every kind.
  package var kind: String?
  /// A description of the kind in one line.
  package var summary: String?
  /// The key that takes kinds of `policy` and their keys, such as `policyKind`.
  package var inner: String?
  package let keys: [KeyDescription]
}

extension Workbench {
  /// Every configuration key, in the order of the sections.
  package static func configurationKeys() -> [KeyGroup] {
    groups("environment", worldKinds.map { ($0.name, $0.summary) }) { try WorldSettings(&$0) }
      + groups("policy", policyKinds.map { ($0.name, $0.summary) }) { try PolicySettings(&$0) }
      + groups("critic", criticKinds.map { ($0.name, $0.summary) }) { try CriticSettings(&$0) }
      + groups("steering", []) { try SteeringSettings.read(&$0) } + groups("limits", []) { try Limits(&$0) }
      + groups("tracking", []) { try TrackingSettings(&$0) }
  }

  private static func groups<T>(
    _ section: String, _ kinds: [(name: String, summary: String)], _ body: (inout YAMLMapping) throws -> T
  ) -> [KeyGroup] {
    let listings = KeyNotes.listings(section, body)
    let shared = listings[0].keys.filter { key in listings.allSatisfy { $0.keys.contains(key) } }
    let named = "\(section).kind"
    return [KeyGroup(section: section, keys: shared)]
      + kinds.map { kind in
        let own = listings.filter { $0.kinds[named] == kind.name }
        var keys: [KeyDescription] = []
        for key in own.flatMap(\.keys) where !shared.contains(key) && !keys.contains(key) { keys.append(key) }
        let inner = own.first?.kinds.keys.first { $0 != named }
        return KeyGroup(
          section: section, kind: kind.name, summary: kind.summary,
          inner: inner.map { String($0.dropFirst(section.count + 1)) }, keys: keys)
      }
  }
}
