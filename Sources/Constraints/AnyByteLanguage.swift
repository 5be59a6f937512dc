import Synchronization

/// Any language over bytes, with a table of the transitions that were asked for, so that each is computed once.
///
/// Reading a known transition takes a few nanoseconds and no lock. The table is shared by all copies of the value and
/// takes at most about 64 MB besides the states themselves. A language has at most 131,072 states in it, fewer if they
/// are large; further ones are computed each time that they are asked for.
public struct AnyByteLanguage: ByteLanguage {
  /// A state of the wrapped language.
  public struct State: Hashable, Sendable {
    /// The row in the table, or −1.
    fileprivate let number: Int32
    /// The state itself if the table is full.
    fileprivate let unnumbered: UnnumberedState?

    fileprivate init(_ number: Int32) { (self.number, unnumbered) = (number, nil) }

    fileprivate init(_ state: UnnumberedState) { (number, unnumbered) = (-1, state) }
  }

  private let table: LanguageTable
  /// The state before the first byte.
  public let start: State

  /// - Parameter language: The language to be wrapped.
  public init<Language: ByteLanguage>(_ language: Language) {
    self.init(language, classes: Array(0...255))
  }

  /// - Parameters:
  ///   - classes: Bytes with equal numbers lead to equal states. The numbers begin at 0 and have no gaps.
  ///   - capacity: The largest number of states in the table, for tests.
  ///   - size: The size of a state in units of about 16 bytes.
  init<Language: ByteLanguage>(
    _ language: Language, classes: [UInt8], capacity: Int = .max,
    size: @escaping @Sendable (Language.State) -> Int = { _ in 1 }
  ) {
    let table = TableOfLanguage(language, classes: classes, capacity: capacity, size: size)
    (self.table, start) = (table, table.state(language.start))
  }

  public func state(after byte: UInt8, _ state: State) -> State? {
    guard state.number >= 0 else { return table.compute(state, byte) }
    let entry = table.entry(state.number, byte)
    if entry >= TransitionTable.Entry.first { return State(entry - TransitionTable.Entry.first) }
    return entry == TransitionTable.Entry.none ? nil : table.compute(state, byte)
  }

  public func isComplete(_ state: State) -> Bool {
    state.number >= 0 ? table.flags(state.number).contains(.isComplete) : table.isComplete(state)
  }

  public func canContinue(_ state: State) -> Bool {
    state.number >= 0 ? table.flags(state.number).contains(.canContinue) : table.canContinue(state)
  }
}

/// A state that did not fit into the table. It never gets a row later.
final class UnnumberedState: Hashable, Sendable {
  let value: any Hashable & Sendable

  init(_ value: any Hashable & Sendable) { self.value = value }

  static func == (a: UnnumberedState, b: UnnumberedState) -> Bool { isEqual(a.value, b.value) }

  private static func isEqual<A: Hashable>(_ a: A, _ b: any Hashable) -> Bool { (b as? A) == a }

  func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }
}

/// A table and what fills it, whatever the language.
class LanguageTable: TransitionTable, @unchecked Sendable {
  func compute(_ state: AnyByteLanguage.State, _ byte: UInt8) -> AnyByteLanguage.State? { nil }
  func isComplete(_ state: AnyByteLanguage.State) -> Bool { false }
  func canContinue(_ state: AnyByteLanguage.State) -> Bool { false }
}

private final class TableOfLanguage<Language: ByteLanguage>: LanguageTable, @unchecked Sendable {
  private struct Numbering {
    var numbers: [Language.State: Int32] = [:]
    var states: [Language.State] = []
    /// What is left for the sizes of states. Once it is used up, no state gets a number.
    var room = TransitionTable.mostUnits
  }

  private let language: Language
  private let most: Int
  private let size: @Sendable (Language.State) -> Int
  private let numbering = Mutex(Numbering())

  init(
    _ language: Language, classes: [UInt8], capacity: Int, size: @escaping @Sendable (Language.State) -> Int
  ) {
    (self.language, self.size) = (language, size)
    most = capacity
    super.init(classes: classes)
  }

  /// The number of a state; a new one if there is room.
  func state(_ state: Language.State) -> AnyByteLanguage.State {
    let number = numbering.withLock { numbering -> Int32? in
      if let known = numbering.numbers[state] { return known }
      guard numbering.room > 0, numbering.states.count < min(capacity, most) else { return nil }
      numbering.room -= size(state)
      let number = Int32(numbering.states.count)
      var flags: Flags = []
      if language.isComplete(state) { flags.insert(.isComplete) }
      if language.canContinue(state) { flags.insert(.canContinue) }
      open(number, flags)
      numbering.states.append(state)
      numbering.numbers[state] = number
      return number
    }
    return number.map(AnyByteLanguage.State.init) ?? AnyByteLanguage.State(UnnumberedState(state))
  }

  private func state(_ state: AnyByteLanguage.State) -> Language.State? {
    if let unnumbered = state.unnumbered { return unnumbered.value as? Language.State }
    return numbering.withLock { $0.states[Int(state.number)] }
  }

  override func compute(_ state: AnyByteLanguage.State, _ byte: UInt8) -> AnyByteLanguage.State? {
    guard let source = self.state(state) else { return nil }
    let target = language.state(after: byte, source).map { self.state($0) }
    if state.number >= 0 {
      let entry = target.map { $0.number >= 0 ? $0.number + Entry.first : Entry.unnumbered } ?? Entry.none
      note(entry, state.number, byte)
    }
    return target
  }

  override func isComplete(_ state: AnyByteLanguage.State) -> Bool {
    self.state(state).map(language.isComplete) ?? false
  }

  override func canContinue(_ state: AnyByteLanguage.State) -> Bool {
    self.state(state).map(language.canContinue) ?? false
  }
}
