/// A kind of action as a tool that a model can call: what function calling is told, and how a call reads as an action.
public struct ActionTool: Sendable, Hashable, Codable {
  public struct Parameter: Sendable, Hashable, Codable {
    public var name: String
    public var description: String
    /// The admissible values, or nil where any text may be one.
    public var choices: [String]?

    public init(_ name: String, _ description: String, choices: [String]? = nil) {
      self.name = name
      self.description = description
      self.choices = choices
    }
  }

  public var name: String
  public var description: String
  public var parameters: [Parameter]
  /// The action, with `{name}` where a parameter's value goes, such as `get {count} {item}`.
  public var template: String

  public init(_ name: String, _ description: String, parameters: [Parameter] = [], template: String) {
    self.name = name
    self.description = description
    self.parameters = parameters
    self.template = template
  }

  /// The one tool of a world that describes none: takes the action as it is, from the choices where there are some.
  public static func act(choices: [String]?) -> ActionTool {
    ActionTool(
      "act", "Takes one action.", parameters: [Parameter("action", "The action to take.", choices: choices)],
      template: "{action}")
  }

  /// The action that a call with these arguments means, or nil where an argument is missing. An argument's text is put in as
  /// it stands; whether the action makes sense is the world's to say.
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
