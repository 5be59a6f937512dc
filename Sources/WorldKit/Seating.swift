/// Which episode has which place of which host. Pure bookkeeping: it starts no process, asks no server and reads no clock.
///
/// A host is what holds several episodes at a time: a process with its worlds, a server with its sessions. An episode keeps its
/// place from step to step as long as no other needs it. Where there are more episodes than places, one that is idle makes room,
/// and plays its actions again when its next turn comes: first those who wait for nothing, the one idle longest before the others;
/// then those who wait for their next step, the last in line before the others. Turns are given in the order they were asked for,
/// so nobody starves.
package struct Seating: Sendable {
  /// What an episode is known by.
  package typealias Ticket = Int
  /// What a wait for one step is known by.
  package typealias Turn = Int

  package struct Place: Sendable, Hashable {
    package let host: Int
    /// From 0: the lowest that no other episode has.
    package let number: Int
  }

  /// A place for one step.
  package struct Grant: Sendable, Hashable {
    package let turn: Turn
    package let ticket: Ticket
    package let place: Place
    /// Nothing of this episode is there yet.
    package let isFresh: Bool
    /// The idle episode that made room, or nil.
    package let evicted: Ticket?
  }

  /// What is to be done once things have changed.
  package struct Orders: Sendable {
    package var grants: [Grant] = []
    /// Hosts to start.
    package var starts: [Int] = []
    /// Hosts to end: they have loaded as many episodes as they may, and nobody is at a step there.
    package var ends: [Int] = []
  }

  private struct Host {
    var places: Int
    var loads = 0
    /// It takes no episode that is not there already, and none there makes room.
    var isShunned = false
  }

  private struct Seat {
    let place: Place
    /// A step is under way.
    var isInUse = true
    /// When the last step ended, in steps of all.
    var lastUse = 0
  }

  private let placesPerHost: Int
  private let loadsPerHost: Int
  /// How many hosts there may be: fewer than wanted once one more could not be started.
  private var most: Int
  private var hosts: [Int: Host] = [:]
  /// Hosts being started.
  private var starting: Set<Int> = []
  private var seats: [Ticket: Seat] = [:]
  private var line: [(turn: Turn, ticket: Ticket)] = []
  private var ends: [Int] = []
  private var (names, tickets, turns, clock) = (0, 0, 0, 0)

  /// Hosts that are started as they are wanted.
  ///
  /// - Parameters:
  ///   - hosts: at most, at a time.
  ///   - places: of each host.
  ///   - loads: episodes after which a host is ended.
  package init(hosts: Int, places: Int, loads: Int) {
    (most, placesPerHost, loadsPerHost) = (hosts, places, loads)
  }

  /// Hosts that are there from the start, numbered from 0, and do not wear.
  package init(running count: Int, places: Int) {
    self.init(hosts: count, places: places, loads: .max)
    for host in 0..<count { joined(host) }
  }

  package mutating func ticket() -> Ticket {
    tickets += 1
    return tickets
  }

  // MARK: - Episodes

  /// An episode wants to take a step.
  package mutating func enter(_ ticket: Ticket) -> Turn {
    turns += 1
    line.append((turns, ticket))
    return turns
  }

  /// Takes a wait back. False where it is over already.
  package mutating func giveUp(_ turn: Turn) -> Bool {
    guard let place = line.firstIndex(where: { $0.turn == turn }) else { return false }
    line.remove(at: place)
    return true
  }

  /// The step is over; the place stays with the episode as long as no other needs it.
  package mutating func leave(_ ticket: Ticket) {
    guard let host = seats[ticket]?.place.host else { return }
    clock += 1
    seats[ticket]?.isInUse = false
    seats[ticket]?.lastUse = clock
    endWorn(host)
  }

  /// Keeps the place of an episode from being given away until it is closed, or until its next step is over.
  package mutating func hold(_ ticket: Ticket) { seats[ticket]?.isInUse = true }

  /// The episode is over, or its place came to nothing.
  package mutating func close(_ ticket: Ticket) {
    guard let seat = seats.removeValue(forKey: ticket) else { return }
    endWorn(seat.place.host)
  }

  /// The host that an episode has a place of; nil where it has none.
  package func host(of ticket: Ticket) -> Int? { seats[ticket]?.place.host }

  /// The episodes that wait, in the order of their turns.
  package var waiting: [Ticket] { line.map(\.ticket) }

  /// Takes everybody out of the line.
  package mutating func dismiss() -> [Turn] {
    defer { line = [] }
    return line.map(\.turn)
  }

  // MARK: - Hosts

  /// A host that was to start is ready.
  package mutating func joined(_ host: Int) {
    starting.remove(host)
    hosts[host] = Host(places: placesPerHost)
  }

  /// A host has ended; its episodes go on in others.
  package mutating func lost(_ host: Int) {
    starting.remove(host)
    hosts[host] = nil
    seats = seats.filter { $0.value.place.host != host }
  }

  /// A host could not be started, and the next one would hardly fare better, so that there is no more room for one.
  ///
  /// - Returns: false where no other is running that could serve those who wait.
  package mutating func failed(_ host: Int) -> Bool {
    guard starting.remove(host) != nil else { return true }
    guard !hosts.isEmpty else { return false }
    most = hosts.count
    return true
  }

  /// How many places a host has from now on. Episodes that have more of them already keep theirs.
  package mutating func set(places: Int, of host: Int) { hosts[host]?.places = places }

  /// Leaves hosts to the episodes that have a place there: no other is given one. Replaces the hosts named before.
  package mutating func shun(_ shunned: Set<Int>) {
    for host in hosts.keys { hosts[host]?.isShunned = shunned.contains(host) }
  }

  /// The episodes that have a place of a host, at a step or idle.
  package func occupants(of host: Int) -> [Ticket] { seats.filter { $0.value.place.host == host }.map(\.key) }

  // MARK: - Turns

  /// Gives places to those in line as far as there are some, and asks for hosts where more are wanted.
  package mutating func orders() -> Orders {
    var orders = Orders()
    var waiting: [(turn: Turn, ticket: Ticket)] = []
    for (turn, ticket) in line {
      // Who has a place of its own passes those who wait for a host that is being started.
      if let grant = grant(of: turn, to: ticket) {
        orders.grants.append(grant)
        line.removeAll { $0.turn == turn }
      } else {
        waiting.append((turn, ticket))
      }
    }
    line = waiting
    // An episode wants a processor to itself; it takes a shared one while its own is being started.
    let wanted = min(most, seats.count + line.count)
    while hosts.count + starting.count < wanted {
      names += 1
      starting.insert(names)
      orders.starts.append(names)
    }
    orders.ends = ends
    ends = []
    return orders
  }

  private mutating func grant(of turn: Turn, to ticket: Ticket) -> Grant? {
    if let seat = seats[ticket], !isWorn(seat.place.host) {
      seats[ticket]?.isInUse = true
      return Grant(turn: turn, ticket: ticket, place: seat.place, isFresh: false, evicted: nil)
    }
    close(ticket)
    if let place = freePlace { return seat(ticket, at: place, for: turn) }
    // A host that is coming has room.
    guard starting.isEmpty, hosts.count >= most, let idle = mostDispensable, let place = seats[idle]?.place else {
      return nil
    }
    close(idle)
    return seat(ticket, at: place, for: turn, evicting: idle)
  }

  private mutating func seat(_ ticket: Ticket, at place: Place, for turn: Turn, evicting idle: Ticket? = nil) -> Grant {
    hosts[place.host]?.loads += 1
    seats[ticket] = Seat(place: place)
    return Grant(turn: turn, ticket: ticket, place: place, isFresh: true, evicted: idle)
  }

  /// A place that nobody has, of the host with the most of them.
  private var freePlace: Place? {
    var taken: [Int: Set<Int>] = [:]
    for seat in seats.values { taken[seat.place.host, default: []].insert(seat.place.number) }
    let free = hosts.filter { takesEpisodes($0.key) }.map {
      (host: $0.key, count: $0.value.places - (taken[$0.key]?.count ?? 0))
    }
    guard let host = free.filter({ $0.count > 0 }).max(by: { ($0.count, -$0.host) < ($1.count, -$1.host) })?.host,
      let number = (0...).first(where: { taken[host]?.contains($0) != true })
    else { return nil }
    return Place(host: host, number: number)
  }

  /// Of the episodes that are at no step, in a host that takes others.
  private var mostDispensable: Ticket? {
    let idle = seats.filter { !$0.value.isInUse && takesEpisodes($0.value.place.host) }
    let inLine = Set(line.map(\.ticket))
    return idle.filter { !inLine.contains($0.key) }.min { $0.value.lastUse < $1.value.lastUse }?.key
      ?? line.last { idle[$0.ticket] != nil }?.ticket
  }

  private func takesEpisodes(_ host: Int) -> Bool { hosts[host]?.isShunned == false && !isWorn(host) }

  private func isWorn(_ host: Int) -> Bool { (hosts[host]?.loads ?? 0) >= loadsPerHost }

  private mutating func endWorn(_ host: Int) {
    guard isWorn(host), !seats.values.contains(where: { $0.place.host == host && $0.isInUse }) else { return }
    lost(host)
    ends.append(host)
  }
}
