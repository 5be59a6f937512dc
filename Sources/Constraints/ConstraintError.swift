/// Why a constraint cannot be enforced.
public struct ConstraintError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where in the constraint.
  public enum Place: Hashable, Sendable {
    /// The constraint as a whole.
    case whole
    /// A character of a regular expression, counted in Unicode scalars from 1.
    case character(Int)
    /// A line and a column of a grammar, counted from 1; the column in Unicode scalars.
    case line(Int, column: Int)
    /// A part of a JSON schema, as a JSON Pointer, such as `#/properties/age`.
    case path(String)
    /// A choice of a list, counted from 1.
    case choice(Int)
  }

  /// What kind of constraint it is.
  public let kind: Constraint.Kind
  /// Where the trouble is.
  public let place: Place
  /// What is wrong, without a full stop.
  public let reason: String
  /// What to do about it, without a full stop.
  public let remedy: String

  /// - Parameters:
  ///   - reason: What is wrong, without a full stop.
  ///   - remedy: What to do about it, without a full stop.
  public init(_ kind: Constraint.Kind, at place: Place, _ reason: String, remedy: String) {
    (self.kind, self.place, self.reason, self.remedy) = (kind, place, reason, remedy)
  }

  public var description: String { "\(kind.rawValue)\(place.words): \(reason); \(remedy)" }
}

extension ConstraintError.Place {
  /// The place after a comma; nothing for the whole.
  public var words: String {
    switch self {
    case .whole: ""
    case .character(let number): ", character \(number)"
    case .line(let line, let column): ", line \(line), column \(column)"
    case .path(let path): ", \(path)"
    case .choice(let number): ", choice \(number)"
    }
  }
}
