import Synchronization

/// The transitions of a language that were asked for, in rows of numbers.
///
/// A state that has a number keeps it. Reading a known transition takes no lock: an entry is written once with its
/// value, and a number is handed out only after its row exists. The table is bounded; states beyond are computed anew
/// each time.
class TransitionTable: @unchecked Sendable {
  /// The largest number of states. Wide rows reach `mostBytes` first.
  static let mostStates = 131_072
  /// The bytes that all rows may take.
  static let mostBytes = 64 << 20
  /// The size that all states may have, in units of about 16 bytes.
  static let mostUnits = 16 << 20

  /// What an entry says.
  enum Entry {
    static let unknown: Int32 = 0
    /// No text continues this way.
    static let none: Int32 = 1
    /// The target has no number.
    static let unnumbered: Int32 = 2
    /// State n is n plus this.
    static let first: Int32 = 3
  }

  /// What a state's last entry says.
  struct Flags: OptionSet {
    let rawValue: Int32
    static let isComplete = Flags(rawValue: 1)
    static let canContinue = Flags(rawValue: 2)
  }

  private typealias Row = UnsafeMutablePointer<Atomic<Int32>>

  private static let rowsOfChunk = 256
  let capacity: Int
  /// The number of each byte's class. A pointer, so that reading an entry counts no references.
  private let classes: UnsafeMutablePointer<UInt8>
  private let width: Int
  private let chunks: UnsafeMutablePointer<Row?>
  private let chunkCount: Int

  /// - Parameter classes: Bytes with equal numbers lead to equal states. The numbers begin at 0 and have no gaps.
  init(classes: [UInt8]) {
    self.classes = .allocate(capacity: 256)
    for byte in 0..<256 { (self.classes + byte).initialize(to: classes[byte]) }
    width = Int(classes.max() ?? 0) + 2
    capacity = min(Self.mostStates, Self.mostBytes / (4 * width))
    chunkCount = (capacity + Self.rowsOfChunk - 1) / Self.rowsOfChunk
    chunks = .allocate(capacity: chunkCount)
    chunks.initialize(repeating: nil, count: chunkCount)
  }

  deinit {
    for chunk in 0..<chunkCount {
      guard let rows = chunks[chunk] else { continue }
      rows.deinitialize(count: Self.rowsOfChunk * width)
      rows.deallocate()
    }
    chunks.deallocate()
    classes.deallocate()
  }

  @inline(__always)
  private func row(_ state: Int32) -> Row? {
    chunks[Int(state) / Self.rowsOfChunk].map { $0 + Int(state) % Self.rowsOfChunk * width }
  }

  /// The entry of a state and a byte.
  @inline(__always)
  final func entry(_ state: Int32, _ byte: UInt8) -> Int32 {
    row(state)?[Int(classes[Int(byte)])].load(ordering: .acquiring) ?? Entry.unknown
  }

  final func flags(_ state: Int32) -> Flags {
    Flags(rawValue: row(state)?[width - 1].load(ordering: .acquiring) ?? 0)
  }

  final func note(_ entry: Int32, _ state: Int32, _ byte: UInt8) {
    row(state)?[Int(classes[Int(byte)])].store(entry, ordering: .releasing)
  }

  /// Makes the row of a new state. Only one caller at a time; the states come in order.
  final func open(_ state: Int32, _ flags: Flags) {
    let chunk = Int(state) / Self.rowsOfChunk
    if chunks[chunk] == nil {
      let rows = Row.allocate(capacity: Self.rowsOfChunk * width)
      for place in 0..<Self.rowsOfChunk * width { (rows + place).initialize(to: Atomic(Entry.unknown)) }
      chunks[chunk] = rows
    }
    row(state)?[width - 1].store(flags.rawValue, ordering: .releasing)
  }
}
