import Agents

extension ScienceWorld {
  /// What a policy is told unless it is told otherwise.
  public static let prompting = Prompting(
    String(decoding: PackageResources.instructions_txt, as: UTF8.self), historyLimit: 24_000)
  /// What ReflAct adds; see ``Prompting/reflecting(_:)``.
  public static let reflection = String(decoding: PackageResources.reflection_txt, as: UTF8.self)
}
