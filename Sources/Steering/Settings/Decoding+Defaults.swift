import Agents

/// Defaults for values that files of older versions lack. Synthesised decoding in this module uses these overloads for
/// properties of these types.
extension KeyedDecodingContainer {
  func decode(_: WorldErrorPolicy.Type, forKey key: Key) throws -> WorldErrorPolicy {
    try decodeIfPresent(WorldErrorPolicy.self, forKey: key) ?? .fail
  }

  func decode(_: SearchSettings.Type, forKey key: Key) throws -> SearchSettings {
    try decodeIfPresent(SearchSettings.self, forKey: key) ?? SearchSettings()
  }
}
