/// Translates rules into states and edges.
struct MachineBuilder {
  struct ByteEdge {
    let source: Int32
    let bytes: ClosedRange<UInt8>
    let target: Int32
  }

  struct Call {
    let source: Int32
    let rule: Int32
    let target: Int32
  }

  private(set) var stateCount: Int32 = 0
  private(set) var byteEdges: [ByteEdge] = []
  /// Edges that read nothing.
  private(set) var empty: [(source: Int32, target: Int32)] = []
  /// Edges that read a text of a rule.
  private(set) var calls: [Call] = []
  /// The first and the last state of each rule. No edge leaves the last.
  private(set) var ends: [(start: Int32, end: Int32)] = []

  private struct Characters: Hashable {
    let set: ScalarSet
    let spelling: Spelling
  }

  /// The single bytes among the spellings of characters, and the rule for the longer ones.
  private var known: [Characters: (single: [ClosedRange<UInt8>], rule: Int32?)] = [:]
  private var budget = Machine.mostStates

  /// - Throws: ``Oversize`` if there would be too many states.
  init(_ rules: Rules) throws(Oversize) {
    for _ in rules.bodies { _ = try newRule() }
    for (number, body) in rules.bodies.enumerated() {
      try add(body, from: ends[number].start, to: ends[number].end)
    }
  }

  private mutating func spend() throws(Oversize) {
    guard budget > 0 else { throw Oversize() }
    budget -= 1
  }

  private mutating func newState() throws(Oversize) -> Int32 {
    try spend()
    stateCount += 1
    return stateCount - 1
  }

  private mutating func newRule() throws(Oversize) -> Int32 {
    ends.append((try newState(), try newState()))
    return Int32(ends.count - 1)
  }

  private mutating func add(_ expression: Expression, from source: Int32, to target: Int32) throws(Oversize) {
    try spend()
    switch expression {
    case .texts(let texts): try add(texts, from: source, to: target)
    case .one(let set, let spelling): try add(set, spelling, from: source, to: target)
    case .choice(let expressions): for each in expressions { try add(each, from: source, to: target) }
    case .rule(let rule): calls.append(Call(source: source, rule: Int32(rule), target: target))
    case .listed(let parts, let comma): try add(parts, comma, from: source, to: target)
    case .automaton(let automaton, let spelling): try add(automaton, spelling, from: source, to: target)
    case .sequence(let expressions):
      var place = source
      for (number, each) in expressions.enumerated() {
        let next = number == expressions.count - 1 ? target : try newState()
        try add(each, from: place, to: next)
        place = next
      }
      if expressions.isEmpty { empty.append((source, target)) }
    case .repeated(let expression, let atLeast, let atMost):
      var place = source
      for _ in 0..<atLeast { place = try step(expression, from: place) }
      if let atMost {
        for _ in atLeast..<max(atLeast, atMost) {
          empty.append((place, target))
          place = try step(expression, from: place)
        }
      } else {
        // A state of its own, so that a loop around this one does not begin in its middle.
        let loop = try newState()
        empty.append((place, loop))
        try add(expression, from: loop, to: loop)
        place = loop
      }
      empty.append((place, target))
    }
  }

  private mutating func step(_ expression: Expression, from place: Int32) throws(Oversize) -> Int32 {
    let next = try newState()
    try add(expression, from: place, to: next)
    return next
  }

  /// Texts share their beginnings.
  private mutating func add(_ texts: [[UInt8]], from source: Int32, to target: Int32) throws(Oversize) {
    struct Step: Hashable {
      let state: Int32
      let byte: UInt8
    }
    var trie: [Step: Int32] = [:]
    for text in texts {
      var place = source
      for byte in text {
        let step = Step(state: place, byte: byte)
        if let known = trie[step] {
          place = known
        } else {
          let next = try newState()
          byteEdges.append(ByteEdge(source: place, bytes: byte...byte, target: next))
          trie[step] = next
          place = next
        }
      }
      empty.append((place, target))
    }
  }

  /// Single bytes become edges; a character of several bytes becomes a rule, so that a repetition of it stays small.
  private mutating func add(
    _ set: ScalarSet, _ spelling: Spelling, from source: Int32, to target: Int32
  ) throws(Oversize) {
    let (single, rule) = try bytes(of: Characters(set: set, spelling: spelling))
    for range in single {
      try spend()
      byteEdges.append(ByteEdge(source: source, bytes: range, target: target))
    }
    if let rule { calls.append(Call(source: source, rule: rule, target: target)) }
  }

  private mutating func bytes(
    of characters: Characters
  ) throws(Oversize) -> (single: [ClosedRange<UInt8>], rule: Int32?) {
    if let known = known[characters] { return known }
    let sequences = characters.spelling.sequences(characters.set)
    let single = sequences.filter { $0.count == 1 }.flatMap { $0[0] }
    let longer = sequences.filter { $0.count > 1 }
    guard !longer.isEmpty else {
      known[characters] = (single, nil)
      return (single, nil)
    }
    let rule = try newRule()
    known[characters] = (single, rule)
    let (start, end) = ends[Int(rule)]
    for sequence in longer {
      var place = start
      for (number, ranges) in sequence.enumerated() {
        let next = number == sequence.count - 1 ? end : try newState()
        for range in ranges { byteEdges.append(ByteEdge(source: place, bytes: range, target: next)) }
        place = next
      }
    }
    return (single, rule)
  }

  /// Two states for each place: before the first part that is there, and after one.
  private mutating func add(
    _ parts: [Expression.Part], _ comma: Expression, from source: Int32, to target: Int32
  ) throws(Oversize) {
    var before = source
    var after = try newState()
    for part in parts {
      let next = (before: try newState(), after: try newState())
      let separated = try newState()
      try add(comma, from: after, to: separated)
      try add(part.expression, from: before, to: next.after)
      try add(part.expression, from: separated, to: next.after)
      if part.repeats { try add(comma, from: next.after, to: separated) }
      if part.isOptional {
        empty.append((before, next.before))
        empty.append((after, next.after))
      }
      (before, after) = next
    }
    empty.append((before, target))
    empty.append((after, target))
  }

  private mutating func add(
    _ automaton: CharacterAutomaton, _ spelling: Spelling, from source: Int32, to target: Int32
  ) throws(Oversize) {
    var states: [Int32] = []
    for _ in automaton.edges { states.append(try newState()) }
    empty.append((source, states[0]))
    empty.append((states[automaton.end], target))
    for (state, edges) in zip(states, automaton.edges) {
      for edge in edges {
        if case .one(let set) = edge.label {
          try add(set, spelling, from: state, to: states[edge.target])
        } else {
          empty.append((state, states[edge.target]))
        }
      }
    }
  }
}
