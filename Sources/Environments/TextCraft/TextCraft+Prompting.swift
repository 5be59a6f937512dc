import Agents

extension TextCraft {
  /// What a policy is told unless it is told otherwise.
  public static let prompting = Prompting(String(decoding: PackageResources.instructions_txt, as: UTF8.self))
  /// The least that says what can be done, for models that are taught the rest.
  public static let brief = Prompting(String(decoding: PackageResources.brief_txt, as: UTF8.self))
  /// What ReflAct adds; see ``Prompting/reflecting(_:)``.
  public static let reflection = String(decoding: PackageResources.reflection_txt, as: UTF8.self)
}
