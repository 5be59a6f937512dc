import Agents

/// The sessions of some servers, and the episodes that share them.
///
/// An episode is its task and the actions taken so far; a session is only a faster way to go on. So an episode that lost its
/// session, because the connection ended or because others needed the place, plays its actions again in a fresh one when its
/// next action comes. That is why more episodes may be open than there are sessions: none waits for another to be closed,
/// only for one to finish its step. Those that wait are served first come, first served.
actor SessionPool {
  nonisolated let servers: [OpenEnvServer]
  nonisolated let limits: Session.Limits

  /// What an episode is known by.
  typealias Ticket = Int

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

  private struct Seat {
    let server: Int
    /// Nil while it is being opened.
    var session: Session?
    var isInUse = true
    /// When its last step ended, in steps of the pool.
    var lastUse = 0
  }

  private struct Waiting {
    let ticket: Ticket
    let resume: CheckedContinuation<Result<Place, WorldError>, Never>
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
  private var seats: [Ticket: Seat] = [:]
  private var line: [Waiting] = []
  private var clock = 0
  private var tickets = 0
  private var isClosed = false

  /// - Parameter sessions: on one server at most; nil to find out.
  init(_ servers: [OpenEnvServer], sessions: Int?, limits: Session.Limits) {
    self.servers = servers
    self.limits = limits
    largest = sessions ?? Self.firstGuess
    states = servers.map { [largest] _ in Server(capacity: largest) }
  }

  func ticket() -> Ticket {
    tickets += 1
    return tickets
  }

  /// Gives an episode a place for one step.
  func enter(_ ticket: Ticket) async throws(WorldError) -> Place {
    let result: Result<Place, WorldError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard !Task.isCancelled, !isClosed else { return continuation.resume(returning: .failure(Self.cancelled)) }
        line.append(Waiting(ticket: ticket, resume: continuation))
        serve()
      }
    } onCancel: {
      Task { await self.giveUp(ticket) }
    }
    return try result.get()
  }

  /// The session that a place was for is open. Once the pool is closed there is none.
  func opened(_ ticket: Ticket, _ session: Session) -> Bool {
    guard !isClosed, var seat = seats[ticket] else { return false }
    seat.session = session
    seats[ticket] = seat
    states[seat.server].downUntil = nil
    // Refusals that came while others were still being opened had it too low.
    states[seat.server].capacity = max(states[seat.server].capacity, sessions(of: seat.server))
    return true
  }

  /// The step is over; the session stays with the episode as long as no other needs it.
  func leave(_ ticket: Ticket) {
    guard var seat = seats[ticket] else { return }
    clock += 1
    seat.isInUse = false
    seat.lastUse = clock
    seats[ticket] = seat
    serve()
  }

  /// The place came to nothing.
  func abandon(_ ticket: Ticket, isDown: Bool = false) {
    guard let seat = seats.removeValue(forKey: ticket) else { return }
    if isDown { states[seat.server].downUntil = .now + Self.downTime }
    serve()
  }

  /// The server gave no session for the place.
  ///
  /// - Returns: whether this pool has sessions there, so that one of them will do.
  func refused(_ ticket: Ticket) -> Bool {
    guard let seat = seats.removeValue(forKey: ticket) else { return false }
    let open = sessions(of: seat.server)
    states[seat.server].capacity = max(open, 1)
    states[seat.server].probe = .now + Self.probeInterval
    serve()
    return open > 0
  }

  /// The episode is over. Its place is free once the server has put the session away.
  func close(_ ticket: Ticket) async {
    guard var seat = seats[ticket] else { return }
    seat.isInUse = true
    seats[ticket] = seat
    await seat.session?.close()
    seats[ticket] = nil
    serve()
  }

  /// Closes every session, side by side.
  func close() async {
    isClosed = true
    let waiting = line
    line = []
    for one in waiting { one.resume.resume(returning: .failure(Self.cancelled)) }
    let sessions = seats.values.compactMap(\.session)
    seats = [:]
    await withDiscardingTaskGroup { group in
      for session in sessions { group.addTask { await session.close() } }
    }
  }

  // MARK: - The line

  private func giveUp(_ ticket: Ticket) {
    guard let place = line.firstIndex(where: { $0.ticket == ticket }) else { return }
    line.remove(at: place).resume.resume(returning: .failure(Self.cancelled))
  }

  private func serve() {
    while let first = line.first, let place = place(for: first.ticket) {
      line.removeFirst()
      first.resume.resume(returning: .success(place))
    }
  }

  private func place(for ticket: Ticket) -> Place? {
    if let session = seats[ticket]?.session, session.isOpen {
      seats[ticket]?.isInUse = true
      return .kept(session)
    }
    seats[ticket] = nil
    let up = states.indices.filter { states[$0].downUntil.map { $0 <= .now } ?? true }
    let candidates = up.isEmpty ? Array(states.indices) : up
    let rooms = candidates.map { (server: $0, room: room(on: $0)) }.filter { $0.room > 0 }
    if let roomiest = rooms.max(by: { ($0.room, -$0.server) < ($1.room, -$1.server) }) {
      seats[ticket] = Seat(server: roomiest.server)
      return .vacant(server: roomiest.server, evicted: nil)
    }
    // Whoever was idle longest makes room.
    let idle = seats.filter { !$0.value.isInUse && candidates.contains($0.value.server) }
    guard let (other, seat) = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
    seats[other] = nil
    seats[ticket] = Seat(server: seat.server)
    return .vacant(server: seat.server, evicted: seat.session)
  }

  private func room(on server: Int) -> Int {
    let taken = seats.values.count { $0.server == server }
    if taken < states[server].capacity { return states[server].capacity - taken }
    guard taken < largest, let probe = states[server].probe, probe <= .now else { return 0 }
    states[server].probe = .now + Self.probeInterval
    return 1
  }

  private func sessions(of server: Int) -> Int {
    seats.values.count { $0.server == server && $0.session != nil }
  }
}
