/// Reads the texts of rules byte by byte.
///
/// Grammars may be ambiguous, left recursive, and derive the empty text. The work for one byte grows with the number of
/// places at which the text so far can be in the rules; for regular languages and for most grammars that is a small
/// number, for ambiguous ones it can grow with the length of the text. ``AnyByteLanguage`` does the work once for each
/// state.
struct Recogniser: ByteLanguage {
  struct State: Hashable, Sendable {
    fileprivate let items: ItemSet

    static func == (a: State, b: State) -> Bool { a.items === b.items || a.items.digest == b.items.digest }

    func hash(into hasher: inout Hasher) { hasher.combine(items.digest) }

    /// The number of places.
    var size: Int { items.items.count + 1 }
  }

  let machine: Machine
  let start: State

  /// Nil if no text belongs to the first rule.
  init?(_ machine: Machine) {
    self.machine = machine
    var closure = Closure(machine)
    closure.begin()
    guard !machine.barren.contains(0), let items = closure.finish() else { return nil }
    start = State(items: items)
  }

  func state(after byte: UInt8, _ state: State) -> State? {
    var closure = Closure(machine)
    for item in state.items.items {
      for edge in machine.byteEdges[item.state] where edge.bytes.contains(byte) {
        closure.add(edge.target, of: item, state.items.origins)
      }
    }
    return closure.finish().map(State.init)
  }

  func isComplete(_ state: State) -> Bool { state.items.isComplete }

  func canContinue(_ state: State) -> Bool { !state.items.items.isEmpty }
}
