import Agents

extension ScienceWorld {
  /// The default instructions for a policy.
  public static let prompting = Prompting(
    String(decoding: PackageResources.instructions_txt, as: UTF8.self), historyLimit: 24_000)
  /// The instructions that ReflAct adds; see ``Prompting/reflecting(_:)``.
  public static let reflection = String(decoding: PackageResources.reflection_txt, as: UTF8.self)
}
