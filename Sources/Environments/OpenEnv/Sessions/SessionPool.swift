import Agents
import WorldKit

/// The sessions of some servers, and the episodes that share them.
///
/// An episode is its task and the actions taken so far; a session is only a faster way to go on. So an episode that lost its
/// session, because the connection ended or because others needed the place, plays its actions again in a fresh one when its
/// next action comes. That is why more episodes may be open than there are sessions: none waits for another to be closed,
/// only for one to finish its step. Those that wait are served first come, first served.
actor SessionPool {
  nonisolated let servers: [OpenEnvServer]
  nonisolated let limits: Session.Limits

  typealias Ticket = Seating.Ticket

  /// Where an episode's next step is taken.
  enum Place: Sendable {
    /// In the session it had.
    case kept(Session)
    /// On this server, in a session to be opened once the one that makes room is closed.
    case vacant(server: Int, evicted: Session?)
  }

  private struct Server {
    /// How many sessions it is believed to have.
    var capacity: Int
    /// Refusals lowered the capacity; it may have been for a while only.
    var probe: ContinuousClock.Instant?
    /// It was not reached: until then others are asked, where there are any.
    var downUntil: ContinuousClock.Instant?
  }

  /// Sessions that are tried on a server of which nothing is known.
  private static let firstGuess = 8
  /// After a refusal, one session more is tried now and then: who held it may be gone.
  private static let probeInterval = Duration.seconds(20)
  private static let downTime = Duration.seconds(5)
  private static let cancelled = WorldError(
    .cancelled, "The run was stopped while it waited for an OpenEnv session.")

  private let largest: Int
  private var states: [Server]
  private var seating: Seating
  /// Those that are open, by their episodes.
  private var sessions: [Ticket: Session] = [:]
  private var waiting: [Seating.Turn: CheckedContinuation<Result<Place, WorldError>, Never>] = [:]
  private var isClosed = false

  /// - Parameter sessions: on one server at most; nil to find out.
  init(_ servers: [OpenEnvServer], sessions: Int?, limits: Session.Limits) {
    self.servers = servers
    self.limits = limits
    largest = sessions ?? Self.firstGuess
    states = servers.map { [largest] _ in Server(capacity: largest) }
    seating = Seating(running: servers.count, places: largest)
  }

  func ticket() -> Ticket { seating.ticket() }

  /// Gives an episode a place for one step.
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

  /// The session that a place was for is open. Once the pool is closed there is none.
  func opened(_ ticket: Ticket, _ session: Session) -> Bool {
    guard !isClosed, let server = seating.host(of: ticket) else { return false }
    sessions[ticket] = session
    states[server].downUntil = nil
    // Refusals that came while others were still being opened had it too low.
    states[server].capacity = max(states[server].capacity, openSessions(of: server))
    return true
  }

  /// The step is over; the session stays with the episode as long as no other needs it.
  func leave(_ ticket: Ticket) {
    seating.leave(ticket)
    proceed()
  }

  /// The place came to nothing.
  func abandon(_ ticket: Ticket, isDown: Bool = false) {
    guard let server = vacate(ticket) else { return }
    if isDown { states[server].downUntil = .now + Self.downTime }
    proceed()
  }

  /// The server gave no session for the place.
  ///
  /// - Returns: whether this pool has sessions there, so that one of them will do.
  func refused(_ ticket: Ticket) -> Bool {
    guard let server = vacate(ticket) else { return false }
    let open = openSessions(of: server)
    states[server].capacity = max(open, 1)
    states[server].probe = .now + Self.probeInterval
    proceed()
    return open > 0
  }

  /// The episode is over. Its place is free once the server has put the session away.
  func close(_ ticket: Ticket) async {
    guard seating.host(of: ticket) != nil else { return }
    seating.hold(ticket)
    await sessions[ticket]?.close()
    vacate(ticket)
    proceed()
  }

  /// Closes every session, side by side.
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

  /// Gives places to those in line after a change.
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

  /// How many sessions a server is given, one more than it is believed to have where that is to be tried again.
  private func probedCapacity(of server: Int) -> Int {
    let taken = seating.occupants(of: server).count
    guard taken >= states[server].capacity, taken < largest, let probe = states[server].probe, probe <= .now else {
      return states[server].capacity
    }
    states[server].probe = .now + Self.probeInterval
    return taken + 1
  }
}
