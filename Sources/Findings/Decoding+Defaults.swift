import Agents

/// Values that files of older versions do not have. Synthesised decoding of a property of these types finds these overloads, in
/// this module alone.
extension KeyedDecodingContainer {
  func decode(_: FailedAttempts.Type, forKey key: Key) throws -> FailedAttempts {
    try decodeIfPresent(FailedAttempts.self, forKey: key) ?? .none
  }
}
