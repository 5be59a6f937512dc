/// Who plays in which world of which process. Pure bookkeeping: it starts no process and asks none.
///
/// An episode keeps its world from step to step as long as no other needs it. Where there are more episodes than worlds, one that
/// is idle makes room, and plays its actions again when its next turn comes: first those who wait for nothing, the one idle longest
/// before the others; then those who wait for their next step, the last in line before the others. Turns are given in the order
/// they were asked for, so nobody starves.
struct Seating: Sendable {
  /// What an episode is known by.
  typealias Ticket = Int
  /// What a wait for one step is known by.
  typealias Turn = Int

  struct Place: Sendable, Hashable {
    let process: Int
    /// From 0.
    let world: Int
  }

  /// A place for one step.
  struct Grant: Sendable, Hashable {
    let turn: Turn
    let place: Place
    /// Nothing of this episode is there yet.
    let isFresh: Bool
  }

  /// What is to be done once things have changed.
  struct Orders: Sendable {
    var grants: [Grant] = []
    /// Processes to start.
    var starts: [Int] = []
    /// Processes to end: they have loaded as many games as they may, and nobody is at a step there.
    var ends: [Int] = []
  }

  private struct Process {
    /// Worlds that no episode has.
    var free: [Int]
    var loads = 0
  }

  private struct Seat {
    let place: Place
    /// A step is under way.
    var isInUse = true
    /// When the last step ended, in steps of all.
    var lastUse = 0
  }

  private let worldsPerProcess: Int
  private let loadsPerProcess: Int
  /// How many processes there may be: fewer than wanted once one more could not be started.
  private var most: Int
  private var processes: [Int: Process] = [:]
  /// Processes being started.
  private var starting: Set<Int> = []
  private var seats: [Ticket: Seat] = [:]
  private var line: [(turn: Turn, ticket: Ticket)] = []
  private var ends: [Int] = []
  private var (names, tickets, turns, clock) = (0, 0, 0, 0)

  /// - Parameters:
  ///   - processes: at most, at a time.
  ///   - worlds: of each process.
  ///   - loads: games after which a process is ended.
  init(processes: Int, worlds: Int, loads: Int) {
    (most, worldsPerProcess, loadsPerProcess) = (processes, worlds, loads)
  }

  mutating func ticket() -> Ticket {
    tickets += 1
    return tickets
  }

  // MARK: - Episodes

  /// An episode wants to take a step.
  mutating func enter(_ ticket: Ticket) -> Turn {
    turns += 1
    line.append((turns, ticket))
    return turns
  }

  /// Takes a wait back. False where it is over already.
  mutating func giveUp(_ turn: Turn) -> Bool {
    guard let place = line.firstIndex(where: { $0.turn == turn }) else { return false }
    line.remove(at: place)
    return true
  }

  /// The step is over; the world stays with the episode as long as no other needs it.
  mutating func leave(_ ticket: Ticket) {
    guard let process = seats[ticket]?.place.process else { return }
    clock += 1
    seats[ticket]?.isInUse = false
    seats[ticket]?.lastUse = clock
    endWorn(process)
  }

  /// The episode is over.
  mutating func close(_ ticket: Ticket) {
    guard let seat = seats.removeValue(forKey: ticket) else { return }
    processes[seat.place.process]?.free.append(seat.place.world)
    endWorn(seat.place.process)
  }

  /// The process that an episode plays in; nil where it has none.
  func process(of ticket: Ticket) -> Int? { seats[ticket]?.place.process }

  /// Takes everybody out of the line.
  mutating func dismiss() -> [Turn] {
    defer { line = [] }
    return line.map(\.turn)
  }

  // MARK: - Processes

  /// A process that was to start is ready.
  mutating func joined(_ process: Int) {
    starting.remove(process)
    processes[process] = Process(free: (0..<worldsPerProcess).reversed())
  }

  /// A process has ended; its episodes go on in others.
  mutating func lost(_ process: Int) {
    starting.remove(process)
    processes[process] = nil
    seats = seats.filter { $0.value.place.process != process }
  }

  /// A process could not be started, and the next one would hardly fare better, so that there is no more room for one.
  ///
  /// - Returns: false where no other is running that could serve those who wait.
  mutating func failed(_ process: Int) -> Bool {
    guard starting.remove(process) != nil else { return true }
    guard !processes.isEmpty else { return false }
    most = processes.count
    return true
  }

  // MARK: - Turns

  /// Gives places to those in line as far as there are some, and asks for processes where more are wanted.
  mutating func orders() -> Orders {
    var orders = Orders()
    var waiting: [(turn: Turn, ticket: Ticket)] = []
    for (turn, ticket) in line {
      // Who has a place of its own passes those who wait for a process that is being started.
      if let (place, isFresh) = place(for: ticket) {
        orders.grants.append(Grant(turn: turn, place: place, isFresh: isFresh))
        line.removeAll { $0.turn == turn }
      } else {
        waiting.append((turn, ticket))
      }
    }
    line = waiting
    // An episode wants a processor to itself; it takes a shared one while its own is being started.
    let wanted = min(most, seats.count + line.count)
    while processes.count + starting.count < wanted {
      names += 1
      starting.insert(names)
      orders.starts.append(names)
    }
    orders.ends = ends
    ends = []
    return orders
  }

  private mutating func place(for ticket: Ticket) -> (place: Place, isFresh: Bool)? {
    if let seat = seats[ticket], !isWorn(seat.place.process) {
      seats[ticket]?.isInUse = true
      return (seat.place, false)
    }
    close(ticket)
    if roomiest == nil {
      // A process that is coming has room.
      guard starting.isEmpty, processes.count >= most, let idle = mostDispensable else { return nil }
      close(idle)
    }
    guard let process = roomiest, let world = processes[process]?.free.popLast() else { return nil }
    processes[process]?.loads += 1
    let place = Place(process: process, world: world)
    seats[ticket] = Seat(place: place)
    return (place, true)
  }

  private var roomiest: Int? {
    processes.filter { !$0.value.free.isEmpty && !isWorn($0.key) }
      .max { ($0.value.free.count, -$0.key) < ($1.value.free.count, -$1.key) }?.key
  }

  /// Of the episodes that are at no step, in a process that takes others.
  private var mostDispensable: Ticket? {
    let idle = seats.filter { !$0.value.isInUse && !isWorn($0.value.place.process) }
    let inLine = Set(line.map(\.ticket))
    return idle.filter { !inLine.contains($0.key) }.min { $0.value.lastUse < $1.value.lastUse }?.key
      ?? line.last { idle[$0.ticket] != nil }?.ticket
  }

  private func isWorn(_ process: Int) -> Bool { (processes[process]?.loads ?? 0) >= loadsPerProcess }

  private mutating func endWorn(_ process: Int) {
    guard isWorn(process), !seats.values.contains(where: { $0.place.process == process && $0.isInUse }) else { return }
    lost(process)
    ends.append(process)
  }
}
