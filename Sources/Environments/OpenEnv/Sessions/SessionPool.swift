import Agents
import WorldKit

/// The sessions of several servers, shared by episodes.
///
/// An episode is its task and the actions so far; a session only makes continuing faster. An episode may lose its
/// session because the connection ended or another episode needed the place. Its next action then replays the earlier
/// ones in a fresh session. So there may be more open episodes than sessions: an episode only waits for another's step,
/// and not for its end. Waiting episodes are served first come, first served.
actor SessionPool {
  nonisolated let servers: [OpenEnvServer]
  nonisolated let limits: Session.Limits

  typealias Ticket = Seating.Ticket

  /// The place of an episode's next step.
  enum Place: Sendable {
    /// In the episode's existing session.
    case kept(Session)
    /// On this server, in a new session. The evicted session must be closed first.
    case vacant(server: Int, evicted: Session?)
  }

  private struct Server {
    /// The number of sessions that the server is assumed to have.
    var capacity: Int
    /// When to try a larger capacity again, after refusals have lowered it.
    var probe: ContinuousClock.Instant?
    /// The server was unreachable. Until then other servers are preferred.
    var downUntil: ContinuousClock.Instant?
  }

  /// The number of sessions to try on a server of unknown capacity.
  private static let firstGuess = 8
  /// After a refusal one more session is tried at this interval, since other clients may have left.
  private static let probeInterval = Duration.seconds(20)
  private static let downTime = Duration.seconds(5)
  private static let cancelled = WorldError(
    .cancelled, "The run was stopped while it waited for an OpenEnv session.")

  private let largest: Int
  private var states: [Server]
  private var seating: Seating
  /// Open sessions by episode.
  private var sessions: [Ticket: Session] = [:]
  private var waiting: [Seating.Turn: CheckedContinuation<Result<Place, WorldError>, Never>] = [:]
  private var isClosed = false

  /// - Parameter sessions: the most sessions on one server; nil to find out.
  init(_ servers: [OpenEnvServer], sessions: Int?, limits: Session.Limits) {
    self.servers = servers
    self.limits = limits
    largest = sessions ?? Self.firstGuess
    states = servers.map { [largest] _ in Server(capacity: largest) }
    seating = Seating(running: servers.count, places: largest)
  }

  func ticket() -> Ticket { seating.ticket() }

  /// Gives an episode a place for one step. Waits until one is free.
  func enter(_ ticket: Ticket) async throws(WorldError) -> Place {
    let turn = seating.enter(ticket)
    let result: Result<Place, WorldError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting[turn] = continuation
        if Task.isCancelled || isClosed { giveUp(turn) } else { proceed() }
      }
    } onCancel: {
      Task { await self.giveUp(turn) }
    }
    return try result.get()
  }

  /// Registers the session opened for a place. Returns false if the pool was closed in the meantime.
  func opened(_ ticket: Ticket, _ session: Session) -> Bool {
    guard !isClosed, let server = seating.host(of: ticket) else { return false }
    sessions[ticket] = session
    states[server].downUntil = nil
    // Corrects a capacity that was set too low by refusals while other sessions were still being opened.
    states[server].capacity = max(states[server].capacity, openSessions(of: server))
    return true
  }

  /// Ends a step. The episode keeps its session until another one needs the place.
  func leave(_ ticket: Ticket) {
    seating.leave(ticket)
    proceed()
  }

  /// Gives up a place whose session could not be used.
  func abandon(_ ticket: Ticket, isDown: Bool = false) {
    guard let server = vacate(ticket) else { return }
    if isDown { states[server].downUntil = .now + Self.downTime }
    proceed()
  }

  /// Notes that the server refused a session for the place.
  ///
  /// - Returns: whether this pool has other sessions on the server, one of which can be used.
  func refused(_ ticket: Ticket) -> Bool {
    guard let server = vacate(ticket) else { return false }
    let open = openSessions(of: server)
    states[server].capacity = max(open, 1)
    states[server].probe = .now + Self.probeInterval
    proceed()
    return open > 0
  }

  /// Ends an episode. Its place is free once the server has closed the session.
  func close(_ ticket: Ticket) async {
    guard seating.host(of: ticket) != nil else { return }
    seating.hold(ticket)
    await sessions[ticket]?.close()
    vacate(ticket)
    proceed()
  }

  /// Closes all sessions concurrently.
  func close() async {
    isClosed = true
    answer(seating.dismiss(), .failure(Self.cancelled))
    let open = Array(sessions.values)
    for server in states.indices { for ticket in seating.occupants(of: server) { vacate(ticket) } }
    await withDiscardingTaskGroup { group in
      for session in open { group.addTask { await session.close() } }
    }
  }

  @discardableResult
  private func vacate(_ ticket: Ticket) -> Int? {
    defer { seating.close(ticket) }
    sessions[ticket] = nil
    return seating.host(of: ticket)
  }

  private func openSessions(of server: Int) -> Int {
    seating.occupants(of: server).count { sessions[$0] != nil }
  }

  // MARK: - The line

  private func giveUp(_ turn: Seating.Turn) {
    if seating.giveUp(turn) { answer([turn], .failure(Self.cancelled)) }
  }

  private func answer(_ turns: [Seating.Turn], _ result: Result<Place, WorldError>) {
    for turn in turns { waiting.removeValue(forKey: turn)?.resume(returning: result) }
  }

  /// Assigns places to waiting episodes after a change.
  private func proceed() {
    for ticket in seating.waiting where sessions[ticket]?.isOpen != true { vacate(ticket) }
    let up = states.indices.filter { states[$0].downUntil.map { $0 <= .now } ?? true }
    let candidates = up.isEmpty ? Array(states.indices) : up
    seating.shun(Set(states.indices).subtracting(candidates))
    let isAnySessionWanted = seating.waiting.contains { sessions[$0] == nil }
    for server in states.indices {
      let mayProbe = isAnySessionWanted && candidates.contains(server)
      seating.set(places: mayProbe ? probedCapacity(of: server) : states[server].capacity, of: server)
    }
    for grant in seating.orders().grants {
      let evicted = grant.evicted.flatMap { sessions.removeValue(forKey: $0) }
      let kept = grant.isFresh ? nil : sessions[grant.ticket]
      let place = kept.map(Place.kept) ?? .vacant(server: grant.place.host, evicted: evicted)
      answer([grant.turn], .success(place))
    }
  }

  /// The capacity to use for a server: one more than assumed if it is time to probe.
  private func probedCapacity(of server: Int) -> Int {
    let taken = seating.occupants(of: server).count
    guard taken >= states[server].capacity, taken < largest, let probe = states[server].probe, probe <= .now else {
      return states[server].capacity
    }
    states[server].probe = .now + Self.probeInterval
    return taken + 1
  }
}
