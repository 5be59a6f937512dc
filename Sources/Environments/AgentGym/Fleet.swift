import Agents

/// Assigns episodes to environments on servers. Pure bookkeeping: it asks no server and reads no clock.
///
/// Servers name their environments, mostly counting from 0, and a restarted server uses the same names again. A stale
/// episode could then step in another episode's environment. Each server therefore has an era, which is increased when
/// the server is lost. Environments of earlier eras are invalid.
struct Fleet: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// An environment that is assumed to exist on a server.
  struct Environment: Sendable, Hashable {
    let server: Int
    let id: JSONValue
    /// The server's era when the environment was created.
    let era: Int
    /// The number of episodes played in it, including the current one.
    var episodes: Int
  }

  struct Seat: Sendable {
    var environment: Environment
    var lastUse: Instant
    /// Whether a request about it is open.
    var isInUse: Bool
  }

  struct Server: Sendable {
    var era = 0
    /// The number of episodes that have reserved a place.
    var arriving = 0
    /// Environments without an episode, ready to be reset.
    var free: [Environment] = []
    var avoidedUntil: Instant?
    /// The server has answered before, and did not identify itself as another dialect.
    var hasAnswered = false
    /// Whether the server can close environments, as far as is known.
    var closes: Bool
  }

  enum Place: Sendable {
    case create(server: Int)
    case reuse(Environment)
    /// The environment of the longest idle episode. That episode is replayed if it continues.
    case evict(Environment)
    /// All servers are full, and every environment was used recently.
    case none
  }

  private(set) var servers: [Server]
  private(set) var seats: [Int: Seat] = [:]
  private var tickets = 0
  private let capacity: Int?

  /// - Parameter capacity: the most environments per server; nil for no limit.
  init(servers count: Int, capacity: Int?, closes: Bool) {
    servers = Array(repeating: Server(closes: closes), count: count)
    self.capacity = capacity
  }

  // MARK: - Coming and going

  /// Chooses the place of the next episode: the server with the fewest episodes, avoiding those that were lost recently
  /// if possible.
  ///
  /// The place is reserved until ``sit(in:at:)`` or ``giveUp(_:)``.
  ///
  /// - Parameter grace: the idle time after which an episode may lose its environment.
  mutating func place(at now: Instant, grace: Duration) -> Place {
    let near = servers.indices.filter { !isAvoided($0, at: now) }
    // If all servers are avoided, the one that was lost first is the most likely to be back.
    let first = servers.indices.min { (servers[$0].avoidedUntil ?? now) < (servers[$1].avoidedUntil ?? now) }
    let candidates = near.isEmpty ? first.map { [$0] } ?? [] : near
    if let server = candidates.filter(hasRoom).min(by: { (load($0), $0) < (load($1), $1) }) {
      servers[server].arriving += 1
      if let environment = servers[server].free.popLast() { return .reuse(environment) }
      return .create(server: server)
    }
    let idle = seats.filter {
      candidates.contains($0.value.environment.server) && !$0.value.isInUse && now - $0.value.lastUse >= grace
    }
    guard let victim = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return .none }
    seats[victim.key] = nil
    servers[victim.value.environment.server].arriving += 1
    return .evict(victim.value.environment)
  }

  /// Starts an episode in an environment.
  ///
  /// - Returns: its ticket; nil if the server was lost in the meantime. The place then stays reserved.
  mutating func sit(in environment: Environment, at now: Instant) -> Int? {
    guard environment.era == servers[environment.server].era else { return nil }
    servers[environment.server].arriving -= 1
    tickets += 1
    seats[tickets] = Seat(environment: environment, lastUse: now, isInUse: false)
    return tickets
  }

  /// Releases the place of an episode that does not start.
  mutating func giveUp(_ server: Int) { servers[server].arriving -= 1 }

  /// Notes that a server has answered.
  mutating func hear(_ server: Int) {
    servers[server].hasAnswered = true
    servers[server].avoidedUntil = nil
  }

  /// Records a new environment. If an open episode has an environment of the same name, the server has restarted.
  mutating func made(_ id: JSONValue, at server: Int) -> Environment {
    if knows(id, at: server) { startAnew(server) }
    return Environment(server: server, id: id, era: servers[server].era, episodes: 0)
  }

  /// Begins a request about an episode's environment.
  ///
  /// - Returns: the environment; nil if the episode has lost it.
  mutating func use(_ ticket: Int) -> Environment? {
    guard let seat = seats[ticket] else { return nil }
    seats[ticket]?.isInUse = true
    return seat.environment
  }

  /// Ends a request. Returns whether the episode still has its environment.
  mutating func used(_ ticket: Int, at now: Instant) -> Bool {
    guard seats[ticket] != nil else { return false }
    seats[ticket]?.isInUse = false
    seats[ticket]?.lastUse = now
    return true
  }

  /// - Returns: the environment that the episode leaves; nil if it had lost it.
  mutating func leave(_ ticket: Int) -> Environment? { seats.removeValue(forKey: ticket)?.environment }

  /// Keeps an environment for the next episode.
  ///
  /// - Returns: false if the server was lost in the meantime, or has reused the environment's name.
  mutating func keep(_ environment: Environment) -> Bool {
    guard environment.era == servers[environment.server].era, !knows(environment.id, at: environment.server) else {
      return false
    }
    servers[environment.server].free.append(environment)
    return true
  }

  // MARK: - Servers

  /// Removes and returns the environments without an episode. The caller must close them.
  mutating func takeFree(_ server: Int) -> [Environment] {
    defer { servers[server].free = [] }
    return servers[server].free
  }

  /// Marks a server as unreachable. All its environments are lost, and it is avoided until the given instant.
  mutating func lose(_ server: Int, avoidingUntil instant: Instant) {
    startAnew(server)
    servers[server].avoidedUntil = instant
  }

  /// Marks all environments of a server as lost.
  mutating func startAnew(_ server: Int) {
    servers[server].era += 1
    servers[server].free = []
    seats = seats.filter { $0.value.environment.server != server }
  }

  mutating func cannotClose(_ server: Int) { servers[server].closes = false }

  func isAvoided(_ server: Int, at now: Instant) -> Bool { servers[server].avoidedUntil.map { now < $0 } ?? false }

  /// Removes and returns all environments, to be closed at the end.
  mutating func clear() -> [Environment] {
    let all = servers.flatMap(\.free) + seats.values.map(\.environment)
    for server in servers.indices { startAnew(server) }
    return all
  }

  /// The number of episodes that are open or have reserved a place.
  func load(_ server: Int) -> Int {
    servers[server].arriving + seats.values.count { $0.environment.server == server }
  }

  private func knows(_ id: JSONValue, at server: Int) -> Bool {
    servers[server].free.contains { $0.id == id }
      || seats.values.contains { $0.environment.server == server && $0.environment.id == id }
  }

  private func hasRoom(_ server: Int) -> Bool { capacity.map { load(server) < $0 } ?? true }
}
