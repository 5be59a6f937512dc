import Agents

/// Values that files of older versions do not have. Synthesised decoding of a property of these types finds these overloads, in
/// this module alone.
extension KeyedDecodingContainer {
  func decode(_: WorldErrorPolicy.Type, forKey key: Key) throws -> WorldErrorPolicy {
    try decodeIfPresent(WorldErrorPolicy.self, forKey: key) ?? .fail
  }

  func decode(_: SearchSettings.Type, forKey key: Key) throws -> SearchSettings {
    try decodeIfPresent(SearchSettings.self, forKey: key) ?? SearchSettings()
  }
}
