import Agents

extension TextCraft {
  /// The default instructions for a policy.
  public static let prompting = Prompting(String(decoding: PackageResources.instructions_txt, as: UTF8.self))
  /// Minimal instructions, for models that are trained on the rest.
  public static let brief = Prompting(String(decoding: PackageResources.brief_txt, as: UTF8.self))
  /// The instructions that ReflAct adds; see ``Prompting/reflecting(_:)``.
  public static let reflection = String(decoding: PackageResources.reflection_txt, as: UTF8.self)
}
