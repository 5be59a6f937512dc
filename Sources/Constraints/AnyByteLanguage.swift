/// Any language over bytes, with a table of the transitions that were asked for.
public struct AnyByteLanguage: ByteLanguage {
  /// A state of the wrapped language.
  public struct State: Hashable, Sendable {
    let number: Int32
  }

  /// The state before the first byte.
  public let start = State(number: 0)

  public func state(after byte: UInt8, _ state: State) -> State? { nil }
  public func isComplete(_ state: State) -> Bool { false }
  public func canContinue(_ state: State) -> Bool { false }
}
