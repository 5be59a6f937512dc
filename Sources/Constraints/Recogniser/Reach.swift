/// Which states reach the end of their rule.
struct Reach {
  private let builder: MachineBuilder
  private let byteSources: Machine.Table<Int32>
  private let emptySources: Machine.Table<Int32>
  private let callSources: Machine.Table<Machine.Call>
  /// The calls of each rule: the state before and the state after.
  private let callers: Machine.Table<(source: Int32, target: Int32)>

  init(_ builder: MachineBuilder) {
    self.builder = builder
    let states = Int(builder.stateCount)
    byteSources = Machine.Table(builder.byteEdges, states: states, source: \.target, value: \.source)
    emptySources = Machine.Table(builder.empty, states: states, source: \.target, value: \.source)
    callSources = Machine.Table(builder.calls, states: states) {
      $0.target
    } value: {
      Machine.Call(rule: $0.rule, target: $0.source)
    }
    callers = Machine.Table(builder.calls, states: builder.ends.count) {
      $0.rule
    } value: {
      ($0.source, $0.target)
    }
  }

  /// - Parameter reading: Whether bytes may be read on the way.
  func states(reading: Bool) -> [Bool] {
    var reaches = [Bool](repeating: false, count: Int(builder.stateCount))
    var ruleOfStart: [Int32: Int32] = [:]
    for (rule, ends) in builder.ends.enumerated() { ruleOfStart[ends.start] = Int32(rule) }
    var pending = builder.ends.map(\.end)
    while let state = pending.popLast() {
      guard !reaches[Int(state)] else { continue }
      reaches[Int(state)] = true
      pending += emptySources[state]
      if reading { pending += byteSources[state] }
      for call in callSources[state] where reaches[Int(builder.ends[Int(call.rule)].start)] {
        pending.append(call.target)
      }
      if let rule = ruleOfStart[state] {
        for call in callers[rule] where reaches[Int(call.target)] { pending.append(call.source) }
      }
    }
    return reaches
  }
}
