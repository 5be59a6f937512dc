/// One kind of action, described as a tool for function calling, and the text of the action that a call of it stands
/// for.
public struct ActionTool: Sendable, Hashable, Codable {
  /// One argument of a tool. Its value is always sent as a string.
  public struct Parameter: Sendable, Hashable, Codable {
    /// The key of the argument in a call, and its placeholder `{name}` in ``ActionTool/template``.
    public var name: String
    /// What the value means, for the model.
    public var description: String
    /// The admissible values; nil if any text is admissible.
    public var choices: [String]?

    /// A required string argument, restricted to `choices` if they are given.
    public init(_ name: String, _ description: String, choices: [String]? = nil) {
      self.name = name
      self.description = description
      self.choices = choices
    }
  }

  /// The name that the model calls; unique within a world.
  public var name: String
  /// What the action does, for the model.
  public var description: String
  /// The arguments, all required, in the order in which the model sees them.
  public var parameters: [Parameter]
  /// The action's text, with `{name}` in place of each argument, such as `get {count} {item}`.
  public var template: String

  /// A tool whose template refers to its parameters by name.
  public init(_ name: String, _ description: String, parameters: [Parameter] = [], template: String) {
    self.name = name
    self.description = description
    self.parameters = parameters
    self.template = template
  }

  /// The tool of a world that describes none: it takes the action's text as its one argument, restricted to `choices`
  /// if there are any.
  public static func act(choices: [String]?) -> ActionTool {
    ActionTool(
      "act", "Takes one action.", parameters: [Parameter("action", "The action to take.", choices: choices)],
      template: "{action}")
  }

  /// The action that a call with these arguments stands for; nil if an argument of the template is missing. Values are
  /// inserted verbatim; the world decides whether the action is valid.
  public func action(_ arguments: [String: String]) -> String? {
    var text = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      guard let value = arguments[String(rest[rest.index(after: open)..<close])] else { return nil }
      text += rest[..<open] + value
      rest = rest[rest.index(after: close)...]
    }
    return text + rest
  }
}
