/// What is wrong with the configuration or the flags, and what to do about it. Ends the command with exit code 2.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, and what to do about it.
  public let message: String
  /// The missing key with its section, if a key is missing.
  package private(set) var missingKey: String?

  package init(_ message: String) { self.message = message }

  /// - Parameters:
  ///   - key: the key with its section, such as `policy.url`.
  ///   - rest: a description of the expected value.
  package static func missing(_ key: String, _ rest: String) -> ConfigurationError {
    missing(key, message: "\(key) is missing: \(rest)")
  }

  package static func missing(_ key: String, message: String) -> ConfigurationError {
    var error = ConfigurationError(message)
    error.missingKey = key
    return error
  }

  public var description: String { message }
}
