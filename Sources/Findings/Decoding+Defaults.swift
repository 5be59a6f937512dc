import Agents

/// Defaults for values that files of older versions lack. Synthesised decoding in this module uses these overloads for
/// properties of these types.
extension KeyedDecodingContainer {
  func decode(_: FailedAttempts.Type, forKey key: Key) throws -> FailedAttempts {
    try decodeIfPresent(FailedAttempts.self, forKey: key) ?? .none
  }
}
