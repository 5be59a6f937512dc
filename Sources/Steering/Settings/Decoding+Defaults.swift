import Agents

/// Values that files of older versions do not have. Synthesised decoding of a property of these types finds these overloads.
extension KeyedDecodingContainer {
  func decode(_: EnvironmentErrorPolicy.Type, forKey key: Key) throws -> EnvironmentErrorPolicy {
    try decodeIfPresent(EnvironmentErrorPolicy.self, forKey: key) ?? .fail
  }

  func decode(_: FailedAttempts.Type, forKey key: Key) throws -> FailedAttempts {
    try decodeIfPresent(FailedAttempts.self, forKey: key) ?? .none
  }
}
