/// Collects the places that are reached between two bytes (Earley, CACM 1970).
///
/// - A call in last place hands its caller on, so that right recursion needs no stack.
/// - A rule that the empty text belongs to is passed when it is called (Aycock and Horspool, The Computer Journal 2002).
struct Closure {
  private let machine: Machine
  private var seen: Set<Item> = []
  private var pending: [Item] = []
  private var reading: [Item] = []
  private var waiting: Set<Callers.Waiting> = []
  private var origins: [Callers] = []
  private var numbers: [Digest128: Int32] = [:]
  private var isComplete = false

  init(_ machine: Machine) { self.machine = machine }

  /// Adds a place that is reached by a byte.
  ///
  /// - Parameter callers: What the item's origin is a number of.
  mutating func add(_ state: Int32, of item: Item, _ callers: [Callers]) {
    add(state, number(of: item.origin, in: callers), item.rule)
  }

  /// Adds the place before the first byte.
  mutating func begin() { add(machine.starts[0], Item.root, 0) }

  private mutating func add(_ state: Int32, _ origin: Int32, _ rule: Int32) {
    let item = Item(state: state, origin: origin, rule: rule)
    if seen.insert(item).inserted { pending.append(item) }
  }

  private mutating func number(of origin: Int32, in callers: [Callers]) -> Int32 {
    guard origin >= 0 else { return origin }
    let set = callers[Int(origin)]
    if let known = numbers[set.digest] { return known }
    origins.append(set)
    numbers[set.digest] = Int32(origins.count - 1)
    return Int32(origins.count - 1)
  }

  /// The set of all places; nil if there is none.
  mutating func finish() -> ItemSet? {
    while let item = pending.popLast() { follow(item) }
    guard isComplete || !reading.isEmpty else { return nil }
    var kept = Kept(origins)
    if !waiting.isEmpty {
      var needed = Kept(origins)
      let waiting = waiting.map { Callers.Waiting(callee: $0.callee, item: needed.keep($0.item)) }
      kept.own = Callers(waiting, needed.origins)
    }
    let items = reading.map { kept.keep($0) }
    return ItemSet(items, kept.origins, isComplete: isComplete)
  }

  /// Numbers the sets anew that are still referred to: a set that is kept keeps all that it refers to.
  private struct Kept {
    let all: [Callers]
    var own: Callers?
    private(set) var origins: [Callers] = []
    private var numbers: [Int32: Int32] = [:]

    init(_ all: [Callers]) { self.all = all }

    mutating func keep(_ item: Item) -> Item {
      guard item.origin >= 0 || item.origin == Callers.own && own != nil else { return item }
      let number: Int32
      if let known = numbers[item.origin] {
        number = known
      } else {
        number = Int32(origins.count)
        numbers[item.origin] = number
        if item.origin >= 0 {
          origins.append(all[Int(item.origin)])
        } else if let own {
          origins.append(own)
        }
      }
      return Item(state: item.state, origin: number, rule: item.rule)
    }
  }

  private mutating func follow(_ item: Item) {
    if machine.isEnd[Int(item.state)] { end(item) }
    if !machine.byteEdges[item.state].isEmpty { reading.append(item) }
    for target in machine.empty[item.state] { add(target, item.origin, item.rule) }
    for call in machine.calls[item.state] {
      let start = machine.starts[Int(call.rule)]
      if machine.isNullable[Int(call.rule)] { add(call.target, item.origin, item.rule) }
      if machine.isSpent[Int(call.target)] {
        add(start, item.origin, item.rule)
      } else {
        let after = Item(state: call.target, origin: item.origin, rule: item.rule)
        waiting.insert(Callers.Waiting(callee: call.rule, item: after))
        add(start, Callers.own, call.rule)
      }
    }
  }

  /// A rule ended: its callers continue.
  private mutating func end(_ item: Item) {
    guard item.origin != Item.root else {
      isComplete = true
      return
    }
    // A rule that began here read nothing and was passed when it was called.
    guard item.origin != Callers.own else { return }
    let callers = origins[Int(item.origin)]
    for caller in callers[item.rule] {
      let origin = caller.origin == Callers.own ? item.origin : number(of: caller.origin, in: callers.origins)
      add(caller.state, origin, caller.rule)
    }
  }
}
