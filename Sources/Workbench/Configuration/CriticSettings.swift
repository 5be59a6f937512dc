import Agents

/// The critic that guides: one of ``criticKinds``.
package struct CriticSettings: Sendable {
  /// The settings of the kind itself.
  package var own: any CriticKind = TreesKind()

  /// The kind.
  package var kind: any CriticKind.Type { type(of: own) }

  /// The judge's settings, if the critic is a judge.
  package var judge: JudgeKind? { own as? JudgeKind }

  /// The settings of the served reward model, if the critic is one.
  package var pooling: PoolingKind? { own as? PoolingKind }

  package init() {}

  package init(_ yaml: inout YAMLMapping) throws {
    let name =
      try yaml.kind(
        "kind", among: criticKinds.map { $0.name }, default: "`\(TreesKind.name)`", "what guides; keys below")
      ?? TreesKind.name
    guard let kind = criticKinds.first(where: { $0.name == name }) else { return }
    own = try kind.init(&yaml)
  }
}
