/// Assigns episodes to places on hosts. Pure bookkeeping: it starts no process, asks no server and reads no clock.
///
/// A host holds several episodes at a time, for example a process with its worlds or a server with its sessions. An
/// episode keeps its place between steps until another episode needs it. If there are more episodes than places, an
/// idle episode is evicted; its actions are replayed at its next turn. Episodes that wait for no step are evicted
/// first, the longest idle first. Then come episodes that wait for their next step, the last in line first. Turns are
/// granted in the order of requests, so that no episode starves.
package struct Seating: Sendable {
  /// Identifies an episode.
  package typealias Ticket = Int
  /// Identifies a wait for one step.
  package typealias Turn = Int

  package struct Place: Sendable, Hashable {
    package let host: Int
    /// The lowest free number of the host, from 0.
    package let number: Int
  }

  /// A place for one step.
  package struct Grant: Sendable, Hashable {
    package let turn: Turn
    package let ticket: Ticket
    package let place: Place
    /// The host has no state of this episode yet.
    package let isFresh: Bool
    /// The idle episode that made room, or nil.
    package let evicted: Ticket?
  }

  /// What the caller has to do after a change.
  package struct Orders: Sendable {
    package var grants: [Grant] = []
    /// Hosts to start.
    package var starts: [Int] = []
    /// Hosts to end. They have loaded as many episodes as they may, and no episode is at a step there.
    package var ends: [Int] = []
  }

  private struct Host {
    var places: Int
    var loads = 0
    /// The host accepts no new episodes, and its episodes are not evicted.
    var isShunned = false
  }

  private struct Seat {
    let place: Place
    /// A step is under way.
    var isInUse = true
    /// The value of `clock` at the end of the last step.
    var lastUse = 0
  }

  private let placesPerHost: Int
  private let loadsPerHost: Int
  /// The limit on hosts. It falls below the wanted number when a further host could not be started.
  private var most: Int
  private var hosts: [Int: Host] = [:]
  /// Hosts being started.
  private var starting: Set<Int> = []
  private var seats: [Ticket: Seat] = [:]
  private var line: [(turn: Turn, ticket: Ticket)] = []
  private var ends: [Int] = []
  private var (names, tickets, turns, clock) = (0, 0, 0, 0)

  /// Creates a seating whose hosts are started on demand.
  ///
  /// - Parameters:
  ///   - hosts: the most hosts at a time.
  ///   - places: the number of places of each host.
  ///   - loads: the number of episodes after which a host is ended.
  package init(hosts: Int, places: Int, loads: Int) {
    (most, placesPerHost, loadsPerHost) = (hosts, places, loads)
  }

  /// Creates a seating for hosts that already run. They are numbered from 0 and are never ended.
  package init(running count: Int, places: Int) {
    self.init(hosts: count, places: places, loads: .max)
    for host in 0..<count { joined(host) }
  }

  package mutating func ticket() -> Ticket {
    tickets += 1
    return tickets
  }

  // MARK: - Episodes

  /// Queues an episode for its next step.
  package mutating func enter(_ ticket: Ticket) -> Turn {
    turns += 1
    line.append((turns, ticket))
    return turns
  }

  /// Cancels a wait. Returns false if it has already ended.
  package mutating func giveUp(_ turn: Turn) -> Bool {
    guard let place = line.firstIndex(where: { $0.turn == turn }) else { return false }
    line.remove(at: place)
    return true
  }

  /// Ends a step. The episode keeps its place until another one needs it.
  ///
  /// - Parameter loads: the number of episodes that the step loaded, beside its own.
  package mutating func leave(_ ticket: Ticket, loads: Int = 0) {
    guard let host = seats[ticket]?.place.host else { return }
    hosts[host]?.loads += loads
    clock += 1
    seats[ticket]?.isInUse = false
    seats[ticket]?.lastUse = clock
    endWorn(host)
  }

  /// Protects the place of an episode from eviction until the episode is closed or its next step ends.
  package mutating func hold(_ ticket: Ticket) { seats[ticket]?.isInUse = true }

  /// Removes an episode that is over, or one whose place could not be used.
  package mutating func close(_ ticket: Ticket) {
    guard let seat = seats.removeValue(forKey: ticket) else { return }
    endWorn(seat.place.host)
  }

  /// The host on which an episode has a place; nil if it has none.
  package func host(of ticket: Ticket) -> Int? { seats[ticket]?.place.host }

  /// The waiting episodes, in the order of their turns.
  package var waiting: [Ticket] { line.map(\.ticket) }

  /// Cancels all waits.
  package mutating func dismiss() -> [Turn] {
    defer { line = [] }
    return line.map(\.turn)
  }

  // MARK: - Hosts

  /// Adds a started host that is ready.
  package mutating func joined(_ host: Int) {
    starting.remove(host)
    hosts[host] = Host(places: placesPerHost)
  }

  /// Removes a host that has ended. Its episodes continue on other hosts.
  package mutating func lost(_ host: Int) {
    starting.remove(host)
    hosts[host] = nil
    seats = seats.filter { $0.value.place.host != host }
  }

  /// Notes that a host could not be started. The next start would probably fail too, so the limit falls to the number
  /// of running hosts.
  ///
  /// - Returns: false if no other host runs that could serve the waiting episodes.
  package mutating func failed(_ host: Int) -> Bool {
    guard starting.remove(host) != nil else { return true }
    guard !hosts.isEmpty else { return false }
    most = hosts.count
    return true
  }

  /// Sets the number of places of a host. If more episodes than that have places already, they keep them.
  package mutating func set(places: Int, of host: Int) { hosts[host]?.places = places }

  /// Stops assigning new episodes to these hosts. Episodes that have a place there keep it. Replaces the hosts named
  /// before.
  package mutating func shun(_ shunned: Set<Int>) {
    for host in hosts.keys { hosts[host]?.isShunned = shunned.contains(host) }
  }

  /// The episodes that have a place on a host, whether at a step or idle.
  package func occupants(of host: Int) -> [Ticket] { seats.filter { $0.value.place.host == host }.map(\.key) }

  // MARK: - Turns

  /// Grants places to waiting episodes as far as places are free, and requests hosts if more are wanted.
  package mutating func orders() -> Orders {
    var orders = Orders()
    var waiting: [(turn: Turn, ticket: Ticket)] = []
    for (turn, ticket) in line {
      // An episode with a place of its own passes those that wait for a host to start.
      if let grant = grant(of: turn, to: ticket) {
        orders.grants.append(grant)
        line.removeAll { $0.turn == turn }
      } else {
        waiting.append((turn, ticket))
      }
    }
    line = waiting
    // Each episode gets a host, and so a processor, of its own if possible. While that host starts, it shares another.
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
    // No eviction while a host is starting or can be started: that host will have room.
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

  /// A free place on the host with the most free places.
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

  /// The episode to evict, among those that are not at a step on a host that accepts others.
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
