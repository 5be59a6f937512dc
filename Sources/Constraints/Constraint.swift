/// What the text of an answer has to be.
public enum Constraint: Hashable, Sendable {
  /// The whole text matches a regular expression.
  case regex(String)
  /// The text is JSON that a JSON schema accepts, written compactly. The schema is given as JSON text.
  case schema(String)
  /// The text is derived from the rule `root` of a grammar in llama.cpp's notation, GBNF.
  case grammar(String)
  /// The text is one of a list.
  case choices([String])

  /// The kinds, named as the keys of the configuration.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// A regular expression.
    case regex
    /// A JSON schema.
    case schema
    /// A grammar.
    case grammar
    /// A list of texts.
    case choices
  }

  /// Which kind of constraint it is.
  public var kind: Kind {
    switch self {
    case .regex: .regex
    case .schema: .schema
    case .grammar: .grammar
    case .choices: .choices
    }
  }
}
