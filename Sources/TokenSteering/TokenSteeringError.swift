/// Why token-level steering cannot begin or go on.
public struct TokenSteeringError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Kind: String, Sendable, Hashable {
    /// Two potentials speak of different tokens.
    case vocabulariesDiffer
    /// A setting is out of its bounds.
    case badSetting
    /// The tokens of the vocabulary cannot write any text that the constraint allows.
    case unspellable
    /// A potential returned NaN, +∞ or a wrong number of weights.
    case badWeight
  }

  /// What failed.
  public let kind: Kind
  /// What was tried, and what to do.
  public let message: String

  /// - Parameter message: what was tried, and what to do.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}
