/// A language over bytes, read from left to right.
///
/// The texts of a language are finite sequences of bytes. Every language of this module contains valid UTF-8 only, so
/// that a state can lie inside a character.
public protocol ByteLanguage: Sendable {
  /// What was read so far, as far as it matters for what may follow. Equal states allow the same continuations.
  associatedtype State: Hashable & Sendable

  /// The state before the first byte.
  var start: State { get }

  /// The state after one more byte.
  ///
  /// - Returns: nil if no text of the language continues this way. A state that is returned is never a dead end: a
  ///   complete text can be reached from it.
  func state(after byte: UInt8, _ state: State) -> State?

  /// Whether the bytes so far are a text of the language.
  func isComplete(_ state: State) -> Bool

  /// Whether any byte can follow.
  func canContinue(_ state: State) -> Bool
}

extension ByteLanguage {
  /// The state after several bytes; nil if no text of the language begins with them.
  public func state(after bytes: some Sequence<UInt8>) -> State? {
    var state = start
    for byte in bytes {
      guard let next = self.state(after: byte, state) else { return nil }
      state = next
    }
    return state
  }

  /// Whether the bytes are a text of the language.
  public func contains(_ bytes: some Sequence<UInt8>) -> Bool {
    state(after: bytes).map(isComplete) ?? false
  }
}
