/// A finite automaton over characters that may be in several states at a time.
struct CharacterAutomaton: Sendable {
  enum Label: Hashable, Sendable {
    /// Reads a character of a set.
    case one(of: ScalarSet)
    /// Reads nothing.
    case nothing
    /// Reads nothing, before the first character only.
    case start
    /// Reads nothing, after the last character only.
    case end
  }

  struct Edge: Sendable {
    let label: Label
    let target: Int
  }

  /// The edges that leave each state. State 0 is the start.
  private(set) var edges: [[Edge]] = [[]]
  /// The state of complete texts.
  private(set) var end = 0

  /// What is left of the work that an automaton may take.
  private var budget = Machine.mostStates

  /// - Throws: ``Oversize`` if there would be too many states.
  init(_ pattern: Pattern) throws(Oversize) {
    end = try newState()
    try add(pattern, from: 0, to: end)
    if edges.contains(where: { $0.contains { $0.label == .start || $0.label == .end } }) { self = try anchored() }
  }

  private init() {}

  private mutating func newState() throws(Oversize) -> Int {
    try spend()
    edges.append([])
    return edges.count - 1
  }

  private mutating func spend() throws(Oversize) {
    guard budget > 0 else { throw Oversize() }
    budget -= 1
  }

  private mutating func join(_ source: Int, _ label: Label, _ target: Int) {
    edges[source].append(Edge(label: label, target: target))
  }

  private mutating func add(_ pattern: Pattern, from source: Int, to target: Int) throws(Oversize) {
    try spend()
    switch pattern {
    case .one(let set): if !set.isEmpty { join(source, .one(of: set), target) }
    case .start: join(source, .start, target)
    case .end: join(source, .end, target)
    case .choice(let patterns): for pattern in patterns { try add(pattern, from: source, to: target) }
    case .sequence(let patterns):
      var place = source
      for (number, pattern) in patterns.enumerated() {
        let next = number == patterns.count - 1 ? target : try newState()
        try add(pattern, from: place, to: next)
        place = next
      }
      if patterns.isEmpty { join(source, .nothing, target) }
    case .repeated(let pattern, let atLeast, let atMost):
      var place = source
      func step(_ automaton: inout Self) throws(Oversize) {
        let next = try automaton.newState()
        try automaton.add(pattern, from: place, to: next)
        place = next
      }
      for _ in 0..<atLeast { try step(&self) }
      if let atMost {
        for _ in atLeast..<max(atLeast, atMost) {
          join(place, .nothing, target)
          try step(&self)
        }
      } else {
        // A state of its own, so that a loop around this one does not begin in its middle.
        let loop = try newState()
        join(place, .nothing, loop)
        try add(pattern, from: loop, to: loop)
        place = loop
      }
      join(place, .nothing, target)
    }
  }
}

extension CharacterAutomaton {
  /// The texts that an observer accepts, too.
  ///
  /// - Parameters:
  ///   - first: What the observer knows before the first character.
  ///   - step: What it knows after an edge; nil if it refuses.
  ///   - accepts: Whether it accepts a text.
  /// - Throws: ``Oversize`` if there would be too many states.
  func observed<Observer: Hashable>(
    from first: Observer, step: (Observer, Label) -> Observer?, accepts: (Observer) -> Bool
  ) throws(Oversize) -> CharacterAutomaton {
    var product = CharacterAutomaton()
    product.end = try product.newState()
    var pending = [Observed(state: 0, observer: first)]
    var numbers = [pending[0]: 0]
    while let pair = pending.popLast() {
      guard let source = numbers[pair] else { continue }
      if pair.state == end, accepts(pair.observer) { product.join(source, .nothing, product.end) }
      for edge in edges[pair.state] {
        try product.spend()
        guard let observer = step(pair.observer, edge.label) else { continue }
        let target = Observed(state: edge.target, observer: observer)
        let number: Int
        if let known = numbers[target] {
          number = known
        } else {
          number = try product.newState()
          numbers[target] = number
          pending.append(target)
        }
        // What the observer saw of the place is settled.
        if case .one = edge.label {
          product.join(source, edge.label, number)
        } else {
          product.join(source, .nothing, number)
        }
      }
    }
    return product
  }

  /// The same texts without the labels `start` and `end`.
  private func anchored() throws(Oversize) -> CharacterAutomaton {
    struct Place: Hashable {
      var hasBegun = false
      var hasEnded = false
    }
    return try observed(from: Place()) { place, label in
      switch label {
      case .nothing: place
      case .start: place.hasBegun ? nil : place
      case .end: Place(hasBegun: place.hasBegun, hasEnded: true)
      case .one: place.hasEnded ? nil : Place(hasBegun: true)
      }
    } accepts: { _ in
      true
    }
  }

  /// The texts of so many characters.
  func limited(atLeast: Int, atMost: Int?) throws(Oversize) -> CharacterAutomaton {
    try observed(from: 0) { count, label in
      guard case .one = label else { return count }
      if let atMost { return count < atMost ? count + 1 : nil }
      return min(count + 1, atLeast)
    } accepts: { count in
      count >= atLeast
    }
  }
}

private struct Observed<Observer: Hashable>: Hashable {
  let state: Int
  let observer: Observer
}
