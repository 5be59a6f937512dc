import Agents

/// Who plays in which environment of which server. Pure bookkeeping: it asks no server and reads no clock.
///
/// Environments are named by the server, mostly counted from 0, so after a restart the names start again: an old
/// episode would then step in a new one's world. Hence the eras: what was opened before a server was lost is lost with
/// it.
struct Fleet: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// An environment that exists on a server, as far as is known.
  struct Environment: Sendable, Hashable {
    let server: Int
    let id: JSONValue
    /// Of the server when it was made.
    let era: Int
    /// Episodes played in it, this one included.
    var episodes: Int
  }

  struct Seat: Sendable {
    var environment: Environment
    var lastUse: Instant
    /// A question about it is open.
    var isInUse: Bool
  }

  struct Server: Sendable {
    var era = 0
    /// Episodes that are about to take a seat.
    var arriving = 0
    /// Environments without an episode, to be reset for the next.
    var free: [Environment] = []
    var avoidedUntil: Instant?
    /// It was once heard, and is a server of this dialect as far as it says.
    var hasAnswered = false
    /// It has a route to close an environment, as far as is known.
    var closes: Bool
  }

  enum Place: Sendable {
    case create(server: Int)
    case reuse(Environment)
    /// The environment of the episode idle longest, which goes on by replay where it goes on.
    case evict(Environment)
    /// All servers are full, and every environment was used just now.
    case none
  }

  private(set) var servers: [Server]
  private(set) var seats: [Int: Seat] = [:]
  private var tickets = 0
  private let capacity: Int?

  /// - Parameter capacity: environments per server.
  init(servers count: Int, capacity: Int?, closes: Bool) {
    servers = Array(repeating: Server(closes: closes), count: count)
    self.capacity = capacity
  }

  // MARK: - Coming and going

  /// Where the next episode goes: to the server with the fewest, not to one that was lost lately unless all were.
  ///
  /// The place is held until ``sit(in:at:)`` or ``giveUp(_:)``.
  ///
  /// - Parameter grace: an episode that was idle for so long may lose its environment.
  mutating func place(at now: Instant, grace: Duration) -> Place {
    let near = servers.indices.filter { !isAvoided($0, at: now) }
    // All are avoided: the one that was lost first may be back first.
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

  /// An episode starts in an environment.
  ///
  /// - Returns: its ticket, or nil where the server was lost meanwhile: the place is still held.
  mutating func sit(in environment: Environment, at now: Instant) -> Int? {
    guard environment.era == servers[environment.server].era else { return nil }
    servers[environment.server].arriving -= 1
    tickets += 1
    seats[tickets] = Seat(environment: environment, lastUse: now, isInUse: false)
    return tickets
  }

  /// An episode that was to start at a server does not.
  mutating func giveUp(_ server: Int) { servers[server].arriving -= 1 }

  /// The server is there.
  mutating func hear(_ server: Int) {
    servers[server].hasAnswered = true
    servers[server].avoidedUntil = nil
  }

  /// An environment has just been made. Where its name is one that is still played in, the server has started anew.
  mutating func made(_ id: JSONValue, at server: Int) -> Environment {
    if knows(id, at: server) { startAnew(server) }
    return Environment(server: server, id: id, era: servers[server].era, episodes: 0)
  }

  /// A question about an episode's environment begins.
  ///
  /// - Returns: the environment, or nil where the episode has none any more.
  mutating func use(_ ticket: Int) -> Environment? {
    guard let seat = seats[ticket] else { return nil }
    seats[ticket]?.isInUse = true
    return seat.environment
  }

  /// It was answered. Whether the episode still has its environment.
  mutating func used(_ ticket: Int, at now: Instant) -> Bool {
    guard seats[ticket] != nil else { return false }
    seats[ticket]?.isInUse = false
    seats[ticket]?.lastUse = now
    return true
  }

  /// - Returns: the environment that the episode leaves, or nil where it had none any more.
  mutating func leave(_ ticket: Int) -> Environment? { seats.removeValue(forKey: ticket)?.environment }

  /// Keeps an environment for the next episode.
  ///
  /// - Returns: false where the server was lost meanwhile, or has given the environment's name to another.
  mutating func keep(_ environment: Environment) -> Bool {
    guard environment.era == servers[environment.server].era, !knows(environment.id, at: environment.server) else {
      return false
    }
    servers[environment.server].free.append(environment)
    return true
  }

  // MARK: - Servers

  /// The environments without an episode, which the caller now has to end.
  mutating func takeFree(_ server: Int) -> [Environment] {
    defer { servers[server].free = [] }
    return servers[server].free
  }

  /// Nobody listens there: everything in it is lost, and it is avoided until then.
  mutating func lose(_ server: Int, avoidingUntil instant: Instant) {
    startAnew(server)
    servers[server].avoidedUntil = instant
  }

  /// The server has forgotten its environments.
  mutating func startAnew(_ server: Int) {
    servers[server].era += 1
    servers[server].free = []
    seats = seats.filter { $0.value.environment.server != server }
  }

  mutating func cannotClose(_ server: Int) { servers[server].closes = false }

  func isAvoided(_ server: Int, at now: Instant) -> Bool { servers[server].avoidedUntil.map { now < $0 } ?? false }

  /// Everything that exists, to be closed at the end; nothing is left after.
  mutating func clear() -> [Environment] {
    let all = servers.flatMap(\.free) + seats.values.map(\.environment)
    for server in servers.indices { startAnew(server) }
    return all
  }

  /// Episodes open or about to be.
  func load(_ server: Int) -> Int {
    servers[server].arriving + seats.values.count { $0.environment.server == server }
  }

  private func knows(_ id: JSONValue, at server: Int) -> Bool {
    servers[server].free.contains { $0.id == id }
      || seats.values.contains { $0.environment.server == server && $0.environment.id == id }
  }

  private func hasRoom(_ server: Int) -> Bool { capacity.map { load(server) < $0 } ?? true }
}
