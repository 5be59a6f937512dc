/// States and edges of rules that call each other: a recursive transition network.
///
/// A rule is a finite automaton. An edge reads a byte, reads nothing, or calls a rule, which reads a text of that rule.
/// From every state the end of its rule can be reached (see ``init(_:)``), so that no state is a dead end.
struct Machine: Sendable {
  /// The largest number of states of one constraint.
  static let mostStates = 200_000

  struct ByteEdge: Sendable {
    let bytes: ClosedRange<UInt8>
    let target: Int32
  }

  struct Call: Sendable {
    let rule: Int32
    let target: Int32
  }

  /// The edges of all states, by source.
  let byteEdges: Table<ByteEdge>
  /// The targets of edges that read nothing.
  let empty: Table<Int32>
  let calls: Table<Call>
  /// The first state of each rule.
  let starts: [Int32]
  /// Whether a state is the last one of its rule.
  let isEnd: [Bool]
  /// Whether nothing is left to read from a state to the end of its rule.
  let isSpent: [Bool]
  /// Whether the empty text belongs to a rule.
  let isNullable: [Bool]
  /// The numbers of bytes that no edge tells apart are equal.
  let byteClasses: [UInt8]
  /// The rules that no text belongs to, in order.
  let barren: [Int]

  /// Values of states, by state.
  struct Table<Value: Sendable>: Sendable {
    private var values: [Value] = []
    private var starts: [Int32] = [0]

    /// - Parameter edges: In any order.
    init<Edge>(_ edges: [Edge], states: Int, source: (Edge) -> Int32, value: (Edge) -> Value) {
      var counts = [Int32](repeating: 0, count: states + 1)
      for edge in edges { counts[Int(source(edge)) + 1] += 1 }
      for state in 0..<states { counts[state + 1] += counts[state] }
      starts = counts
      var order = [Int](repeating: 0, count: edges.count)
      for (number, edge) in edges.enumerated() {
        order[Int(counts[Int(source(edge))])] = number
        counts[Int(source(edge))] += 1
      }
      values = order.map { value(edges[$0]) }
    }

    subscript(state: Int32) -> ArraySlice<Value> {
      values[Int(starts[Int(state)])..<Int(starts[Int(state) + 1])]
    }
  }

  /// Builds the machine of rules, and removes what leads nowhere.
  ///
  /// - Throws: ``Oversize`` if there would be too many states.
  init(_ rules: Rules) throws(Oversize) {
    let builder = try MachineBuilder(rules)
    let states = Int(builder.stateCount)
    let ends = builder.ends
    starts = ends.map(\.start)
    var isEnd = [Bool](repeating: false, count: states)
    for (_, end) in ends { isEnd[Int(end)] = true }
    self.isEnd = isEnd

    let reach = Reach(builder)
    let ending = reach.states(reading: true)
    let idle = reach.states(reading: false)
    isNullable = starts.map { idle[Int($0)] }
    let leads: (Int32) -> Bool = { ending[Int($0)] }
    let byteEdges = builder.byteEdges.filter { leads($0.target) }
    let calls = builder.calls.filter { leads($0.target) && leads(ends[Int($0.rule)].start) }
    let empty = builder.empty.filter { leads($0.target) }
    barren = rules.bodies.indices.filter { !leads(ends[$0].start) }

    self.byteEdges = Table(byteEdges, states: states) {
      $0.source
    } value: {
      ByteEdge(bytes: $0.bytes, target: $0.target)
    }
    self.calls = Table(calls, states: states) {
      $0.source
    } value: {
      Call(rule: $0.rule, target: $0.target)
    }
    self.empty = Table(empty, states: states, source: \.source, value: \.target)
    isSpent = Self.spent(states, byteEdges.map(\.source) + calls.map(\.source), empty)
    byteClasses = Self.classes(byteEdges)
  }

  /// The states from which no edge that reads can be reached over edges that read nothing.
  private static func spent(
    _ states: Int, _ reading: [Int32], _ empty: [(source: Int32, target: Int32)]
  ) -> [Bool] {
    let sources = Table(empty, states: states, source: \.target, value: \.source)
    var isSpent = [Bool](repeating: true, count: states)
    var pending = reading
    while let state = pending.popLast() {
      guard isSpent[Int(state)] else { continue }
      isSpent[Int(state)] = false
      pending += sources[state]
    }
    return isSpent
  }

  /// Numbers bytes by the edges that read them. Each pair of states has a weight; bytes with equal sums are alike.
  private static func classes(_ edges: [MachineBuilder.ByteEdge]) -> [UInt8] {
    var changes = [Digest128](repeating: Digest128(), count: 257)
    for edge in edges {
      let weight = Digest128(UInt64(UInt32(bitPattern: edge.source)), UInt64(UInt32(bitPattern: edge.target)))
      changes[Int(edge.bytes.lowerBound)].add(weight)
      changes[Int(edge.bytes.upperBound) + 1].subtract(weight)
    }
    var numbers: [Digest128: UInt8] = [:]
    var sum = Digest128()
    return (0..<256).map { byte in
      sum.add(changes[byte])
      let number = numbers[sum] ?? UInt8(numbers.count)
      numbers[sum] = number
      return number
    }
  }
}
