import Agents

extension TextCraft {
  /// What a policy is told unless it is told otherwise.
  public static let prompting = Prompting(String(decoding: PackageResources.instructions_txt, as: UTF8.self))
  /// What ReflAct adds; see ``Prompting/reflecting(_:)``.
  public static let reflection = String(decoding: PackageResources.reflection_txt, as: UTF8.self)
}
