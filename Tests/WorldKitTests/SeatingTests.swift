import Agents
import Testing
import WorldKit

@Suite("Which episode has which place of which host")
struct SeatingTests {
  /// A seating whose processes have all started.
  private static func running(_ processes: Int, worlds: Int, loads: Int = 1_000, tickets: Int) -> Seating {
    var seating = Seating(hosts: processes, places: worlds, loads: loads)
    for _ in 0..<tickets {
      _ = seating.enter(seating.ticket())
      for process in seating.orders().starts { seating.joined(process) }
      _ = seating.orders()
    }
    for ticket in 1...tickets { seating.leave(ticket) }
    return seating
  }

  /// The tickets that are given a place when these request one, and whether each finds its game there.
  private static func served(_ seating: inout Seating, _ tickets: Int...) -> [Int: Bool] {
    let turns = Dictionary(uniqueKeysWithValues: tickets.map { (seating.enter($0), $0) })
    let grants = seating.orders().grants
    return Dictionary(uniqueKeysWithValues: grants.map { (turns[$0.turn] ?? -1, $0.isFresh) })
  }

  @Test func anEpisodeKeepsItsWorldWhileOthersHaveRoom() {
    var seating = Self.running(2, worlds: 2, tickets: 4)
    for _ in 0..<3 {
      for ticket in 1...4 {
        #expect(Self.served(&seating, ticket) == [ticket: false])
        seating.leave(ticket)
      }
    }
  }

  @Test func theOneIdleLongestMakesRoom() {
    var seating = Self.running(1, worlds: 2, tickets: 2)
    #expect(Self.served(&seating, 3) == [3: true])
    #expect(Self.served(&seating, 2) == [2: false])
    seating.leave(2)
    // Episode 2 is idle, and 3 has a step in progress.
    #expect(Self.served(&seating, 1) == [1: true])
    #expect(Self.served(&seating, 2) == [:])
  }

  @Test func whoWaitsForItsStepMakesRoomLast() {
    var seating = Self.running(1, worlds: 2, tickets: 2)
    #expect(Self.served(&seating, 3, 1) == [3: true, 1: false])
    seating = Self.running(1, worlds: 2, tickets: 2)
    #expect(Self.served(&seating, 3, 1, 2) == [3: true, 1: false])
    seating.leave(3)
    #expect(seating.orders().grants.map(\.isFresh) == [true])
  }

  @Test func whoHasAPlaceDoesNotWaitForAProcessToStart() {
    var seating = Self.running(2, worlds: 1, tickets: 1)
    let turn = seating.enter(2)
    let orders = seating.orders()
    #expect(orders.grants.isEmpty && orders.starts.count == 1)
    #expect(Self.served(&seating, 1) == [1: false])
    seating.leave(1)
    #expect(seating.orders().grants.isEmpty)
    seating.joined(orders.starts[0])
    #expect(seating.orders().grants.map(\.turn) == [turn])
  }

  @Test func turnsAreGivenInTheOrderTheyWereAskedFor() {
    var seating = Self.running(1, worlds: 1, tickets: 1)
    var turns: [Int: Int] = [:]
    for ticket in [1, 2, 3, 4] { turns[seating.enter(ticket)] = ticket }
    var given: [Int] = []
    for _ in 0..<12 {
      for grant in seating.orders().grants {
        let ticket = turns[grant.turn] ?? -1
        given.append(ticket)
        seating.leave(ticket)
        turns[seating.enter(ticket)] = ticket
      }
    }
    #expect(given == Array(repeating: [1, 2, 3, 4], count: 3).flatMap(\.self))
  }

  @Test func aWornProcessEndsBetweenTwoSteps() {
    var seating = Self.running(1, worlds: 3, loads: 3, tickets: 2)
    #expect(Self.served(&seating, 1) == [1: false])
    #expect(Self.served(&seating, 3) == [3: true])
    seating.leave(3)
    // Episode 1 still has a step in progress.
    #expect(seating.orders().ends.isEmpty)
    seating.leave(1)
    #expect(seating.orders().ends.count == 1)
    let turn = seating.enter(3)
    let starts = seating.orders().starts
    #expect(starts.count == 1)
    seating.joined(starts[0])
    #expect(seating.orders().grants.map(\.turn) == [turn])
  }

  @Test func whatAStepLoadsBesidesItsEpisodeCounts() {
    var seating = Self.running(1, worlds: 3, loads: 4, tickets: 1)
    #expect(Self.served(&seating, 1) == [1: false])
    seating.leave(1, loads: 2)
    #expect(seating.orders().ends.isEmpty)
    #expect(Self.served(&seating, 1) == [1: false])
    seating.leave(1, loads: 1)
    #expect(seating.orders().ends.count == 1)
  }

  @Test func aProcessThatCannotStartLeavesTheRoomOfThoseThatRun() {
    var seating = Self.running(2, worlds: 1, tickets: 1)
    let turn = seating.enter(2)
    let starts = seating.orders().starts
    let goesOn = seating.failed(starts[0])
    #expect(goesOn)
    // The episode gets the place of the process that runs.
    let orders = seating.orders()
    #expect(orders.grants.map(\.turn) == [turn] && orders.starts.isEmpty)
    var empty = Seating(hosts: 2, places: 1, loads: 5)
    let first = empty.enter(empty.ticket())
    let started = empty.orders().starts
    let fails = !empty.failed(started[0])
    #expect(fails && empty.dismiss() == [first])
  }

  /// In any course of events, no episode finds another's game, no bound is exceeded, and every waiting episode gets its
  /// turn.
  @Test(arguments: 0..<60)
  func anyCourseOfEvents(number: Int) {
    var generator = Seed(UInt64(number)).generator()
    var course = Course(
      processes: 1 + number % 4, worlds: 1 + number / 4 % 3, loads: number % 5 == 0 ? 3 : 1_000,
      episodes: 1 + number % 11)
    for _ in 0..<400 { course.happen(&generator) }
    course.drain()
  }
}

/// Simulated processes and episodes, which drive the seating.
private struct Course {
  var seating: Seating
  let processes: Int
  let loads: Int
  var idle: [Int]
  var waiting: [Int: Int] = [:]
  var atStep: [Int: Seating.Place] = [:]
  var starting: [Int] = []
  /// The number of games that each running process has loaded.
  var loaded: [Int: Int] = [:]
  /// The ticket of the game in each world.
  var games: [Seating.Place: Int] = [:]

  init(processes: Int, worlds: Int, loads: Int, episodes: Int) {
    seating = Seating(hosts: processes, places: worlds, loads: loads)
    (self.processes, self.loads) = (processes, loads)
    idle = []
    for _ in 0..<episodes { idle.append(seating.ticket()) }
  }

  mutating func happen(_ generator: inout SplitMix64) {
    let stepping = atStep.keys.sorted()
    switch generator.number(below: 12) {
    case 0..<5:
      guard !idle.isEmpty else { return }
      let ticket = idle.remove(at: generator.number(below: idle.count))
      waiting[seating.enter(ticket)] = ticket
    case 5..<9:
      guard !stepping.isEmpty else { return }
      leave(stepping[generator.number(below: stepping.count)])
    case 9:
      if !starting.isEmpty { join() }
    case 10:
      // A process dies, or an episode ends.
      if generator.number(below: 3) == 0, let process = loaded.keys.min() {
        lose(process)
      } else if !idle.isEmpty {
        seating.close(idle.removeFirst())
        idle.append(seating.ticket())
      }
    default:
      guard let turn = waiting.keys.min(), seating.giveUp(turn), let ticket = waiting.removeValue(forKey: turn) else {
        return
      }
      idle.append(ticket)
    }
    obey()
  }

  mutating func leave(_ ticket: Int) {
    seating.leave(ticket)
    atStep[ticket] = nil
    idle.append(ticket)
  }

  mutating func join() {
    let process = starting.removeFirst()
    loaded[process] = 0
    seating.joined(process)
  }

  mutating func lose(_ process: Int) {
    seating.lost(process)
    forget(process)
    for (ticket, place) in atStep where place.host == process {
      atStep[ticket] = nil
      idle.append(ticket)
    }
  }

  mutating func forget(_ process: Int) {
    loaded[process] = nil
    games = games.filter { $0.key.host != process }
  }

  mutating func obey() {
    let orders = seating.orders()
    for process in orders.ends {
      #expect(!atStep.values.contains { $0.host == process })
      forget(process)
    }
    for grant in orders.grants {
      guard let ticket = waiting.removeValue(forKey: grant.turn) else {
        Issue.record("nobody waited")
        continue
      }
      #expect(loaded[grant.place.host] != nil && !atStep.values.contains(grant.place))
      #expect(grant.isFresh || games[grant.place] == ticket, "\(ticket) finds another's game")
      if grant.isFresh { loaded[grant.place.host, default: 0] += 1 }
      #expect(loaded[grant.place.host, default: 0] <= loads)
      games[grant.place] = ticket
      atStep[ticket] = grant.place
    }
    starting += orders.starts
    #expect(starting.count + loaded.count <= processes)
  }

  /// Ends all steps and starts all processes. After two rounds for each waiting episode, none is left waiting.
  mutating func drain() {
    for _ in 0...(waiting.count * 2 + 2) {
      while !starting.isEmpty { join() }
      obey()
      for ticket in atStep.keys { leave(ticket) }
      obey()
    }
    #expect(waiting.isEmpty)
  }
}

@Suite("Hosts whose places change")
struct ChangingHostsTests {
  /// Gives places to episodes that ask for the first time.
  private static func seated(_ seating: inout Seating, _ count: Int) -> [Seating.Grant] {
    for _ in 0..<count { _ = seating.enter(seating.ticket()) }
    return seating.orders().grants
  }

  @Test func runningHostsAreFilledEvenly() {
    var seating = Seating(running: 2, places: 2)
    let grants = Self.seated(&seating, 5)
    #expect(grants.map(\.place.host) == [0, 1, 0, 1] && grants.allSatisfy { $0.isFresh && $0.evicted == nil })
    #expect(seating.waiting == [5] && seating.orders().starts.isEmpty)
  }

  @Test func whoMakesRoomIsNamed() {
    var seating = Seating(running: 1, places: 2)
    for grant in Self.seated(&seating, 2) { seating.leave(grant.ticket) }
    #expect(Self.seated(&seating, 1).map(\.evicted) == [1])
    #expect(seating.host(of: 1) == nil && Set(seating.occupants(of: 0)) == [2, 3])
  }

  @Test func aHostWithFewerPlacesKeepsWhoIsThere() {
    var seating = Seating(running: 1, places: 3)
    _ = Self.seated(&seating, 2)
    seating.set(places: 1, of: 0)
    #expect(Self.seated(&seating, 1).isEmpty)
    seating.close(1)
    #expect(seating.orders().grants.isEmpty)
    seating.close(2)
    #expect(seating.orders().grants.map(\.ticket) == [3])
    seating.set(places: 2, of: 0)
    #expect(Self.seated(&seating, 1).map(\.ticket) == [4])
  }

  @Test func aShunnedHostIsLeftToItsOwn() {
    var seating = Seating(running: 2, places: 1)
    for grant in Self.seated(&seating, 1) { seating.leave(grant.ticket) }
    seating.shun([0])
    #expect(Self.seated(&seating, 1).map(\.place.host) == [1])
    // The idle episode on the shunned host makes no room either, and can continue.
    #expect(Self.seated(&seating, 1).isEmpty)
    _ = seating.enter(1)
    #expect(seating.orders().grants.map(\.isFresh) == [false])
    seating.leave(1)
    seating.shun([])
    #expect(seating.orders().grants.map(\.evicted) == [1])
  }

  @Test func aPlaceThatIsHeldIsNotGivenAway() {
    var seating = Seating(running: 1, places: 1)
    for grant in Self.seated(&seating, 1) { seating.leave(grant.ticket) }
    seating.hold(1)
    #expect(Self.seated(&seating, 1).isEmpty)
    seating.close(1)
    #expect(seating.orders().grants.map(\.ticket) == [2])
  }
}
