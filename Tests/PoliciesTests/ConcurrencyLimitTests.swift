import Agents
import Testing

@testable import ModelServers
@testable import Policies

@Suite("How many calls may be in flight")
struct ConcurrencyLimitTests {
  @Test("A few refusals are the price of using a rate up, and leave the limit where it is")
  func tolerated() {
    var limit = ConcurrencyLimit(most: 32)
    var generator = Seed(3).generator()
    var least = 32
    for _ in 0..<20_000 {
      if generator.uniform() < 0.1 { limit.noteRefusal() } else { limit.note(answerAfter: 0.1) }
      least = min(least, limit.allowed)
    }
    #expect(least >= 20)
  }

  @Test("Refusals throughout lower it to 1, answers raise it by 1 a round up to the most")
  func fallsAndRises() {
    var limit = ConcurrencyLimit(most: 32)
    var refusals = 0
    while limit.allowed > 1 {
      limit.noteRefusal()
      refusals += 1
    }
    // 32 + 16 + 8 + 4 + 2.
    #expect(refusals == 62)
    limit.noteRefusal()
    #expect(limit.allowed == 1)
    for expected in 2...32 {
      for _ in 0..<(expected - 1) { limit.note(answerAfter: 0.1) }
      #expect(limit.allowed == expected)
    }
    for _ in 0..<100 { limit.note(answerAfter: 0.1) }
    #expect(limit.allowed == 32)
  }

  @Test("A server that takes so many at a time is used by about so many", arguments: [4, 10, 20])
  func converges(capacity: Int) {
    var limit = ConcurrencyLimit(most: 64)
    var allowed: [Int] = []
    for _ in 0..<400 {
      // One round: the server answers up to its capacity and refuses the rest.
      let count = limit.allowed
      for place in 0..<count {
        if place < capacity { limit.note(answerAfter: 0.1) } else { limit.noteRefusal() }
      }
      allowed.append(limit.allowed)
    }
    let mean = Double(allowed.suffix(300).reduce(0, +)) / 300
    #expect(mean > 0.8 * Double(capacity) && mean < 1.6 * Double(capacity), "\(mean)")
  }

  @Test("Answers that take twice as long lower it once; a server slow for good is not choked")
  func slow() {
    var limit = ConcurrencyLimit(most: 20)
    for _ in 0..<400 { limit.note(answerAfter: 0.1) }
    #expect(limit.allowed == 20)
    var least = 20
    for _ in 0..<60 {
      limit.note(answerAfter: 0.5)
      least = min(least, limit.allowed)
    }
    #expect(least < 20 && least >= 12)
    for _ in 0..<1_000 { limit.note(answerAfter: 0.5) }
    #expect(limit.allowed == 20)
  }

  @Test func theFirstGoesAlone() async {
    let gate = AdaptiveGate(most: 8, isAdaptive: true)
    await gate.enter()
    #expect(gate.allowed == 8)
    await withTaskGroup(of: Void.self) { group in
      let entered = Counter()
      for _ in 0..<20 {
        group.addTask {
          await gate.enter()
          await entered.add()
        }
      }
      try? await Task.sleep(for: .milliseconds(100))
      #expect(await entered.value == 0)
      gate.leave(.answered(seconds: 0.1))
      for _ in 0..<12_000 where await entered.value < 8 { try? await Task.sleep(for: .milliseconds(5)) }
      try? await Task.sleep(for: .milliseconds(50))
      #expect(await entered.value == 8)
      for _ in 0..<20 { gate.leave(.answered(seconds: 0.1)) }
    }
  }

  actor Counter {
    var value = 0
    func add() { value += 1 }
  }
}
