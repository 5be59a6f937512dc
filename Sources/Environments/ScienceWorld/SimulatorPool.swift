import Agents

/// A few simulators, and the episodes that share them.
///
/// An episode is its game and the actions taken so far; the world behind it is only a faster way to go on. So an episode that
/// lost its world, because its process died or was replaced or because others needed the place, plays its actions again in
/// another one when its next action comes. That is why more episodes may be open than there are worlds: none waits for another
/// to be closed, only for one to finish its step. Those that wait are served first come, first served.
public actor SimulatorPool {
  public nonisolated let settings: Settings

  private var members: [Int: Member] = [:]
  /// The names of processes being started.
  private var starting: Set<Int> = []
  private var names = 0
  private var isClosed = false
  /// How many processes there may be: fewer than wanted once one more could not be started.
  private var most: Int
  private var seats: [Ticket: Seat] = [:]
  private var line: [Waiting] = []
  private var clock = 0
  private var tickets = 0
  private let starts: AsyncStream<Int>
  private let start: AsyncStream<Int>.Continuation
  private var hosting: Task<Void, Never>?

  /// What an episode is known by.
  typealias Ticket = Int

  private struct Member {
    let simulator: Simulator
    var free: [String]
    var loads = 0
  }

  private struct Seat {
    let member: Int
    let bench: Bench
    var isInUse = true
    /// When its last step ended, in steps of the pool.
    var lastUse = 0
  }

  private struct Waiting {
    let ticket: Ticket
    let resume: CheckedContinuation<Result<Place, EnvironmentError>, Never>
  }

  /// A world for one step of an episode.
  struct Place: Sendable {
    let bench: Bench
    /// Nothing of this episode is there yet.
    let isFresh: Bool
  }

  private init(_ settings: Settings) {
    self.settings = settings
    most = settings.processes
    (starts, start) = AsyncStream.makeStream()
  }

  /// A pool whose processes are started when the first episodes want them, and run until ``close()``.
  ///
  /// - Throws: `misconfigured` where Java or the jar is missing.
  public static func open(_ settings: Settings) async throws(EnvironmentError) -> SimulatorPool {
    try settings.check()
    let pool = SimulatorPool(settings)
    await pool.host()
    return pool
  }

  /// Ends the processes and waits for that.
  public func close() async {
    hosting?.cancel()
    await hosting?.value
  }

  /// Runs `body` with a pool, and ends its processes.
  ///
  /// - Throws: `misconfigured` where Java or the jar is missing; and what `body` throws.
  public static func with<T: Sendable>(
    _ settings: Settings, _ body: (SimulatorPool) async throws -> T
  ) async throws -> T {
    let pool = try await open(settings)
    do {
      let value = try await body(pool)
      await pool.close()
      return value
    } catch {
      await pool.close()
      throw error
    }
  }

  /// Starts processes as they are asked for, until cancelled. They are no child of the task that asks: it may be over, with
  /// an episode still open.
  private func host() {
    hosting = Task {
      await withDiscardingTaskGroup { group in
        for await name in starts { group.addTask { await self.host(name) } }
        group.cancelAll()
      }
      shut()
    }
  }

  private nonisolated func host(_ name: Int) async {
    do throws(EnvironmentError) {
      try await SimulatorProcess(settings: settings).run { await self.join(name, $0) }
      await remove(name)
    } catch {
      await remove(name, failure: error)
    }
  }

  private func join(_ name: Int, _ simulator: Simulator) {
    starting.remove(name)
    members[name] = Member(simulator: simulator, free: simulator.worlds.reversed())
    serve()
  }

  /// A process has ended or is no longer wanted, or could not be started.
  private func remove(_ name: Int, failure: EnvironmentError? = nil) {
    let neverCame = starting.remove(name) != nil
    members.removeValue(forKey: name)?.simulator.connection.close()
    seats = seats.filter { $0.value.member != name }
    if neverCame, let failure {
      // The next one would hardly fare better. With others running there is no more room for it; without any, all who wait
      // are told.
      if members.isEmpty { answerAll(.failure(failure)) } else { most = members.count }
    }
    serve()
  }

  private func shut() {
    isClosed = true
    answerAll(.failure(EnvironmentError(.cancelled, "The simulators were stopped.")))
    for member in members.values { member.simulator.connection.close() }
    members = [:]
    seats = [:]
  }

  private func answerAll(_ result: Result<Place, EnvironmentError>) {
    let waiting = line
    line = []
    for one in waiting { one.resume.resume(returning: result) }
  }
}

// MARK: - Episodes

extension SimulatorPool {
  func ticket() -> Ticket {
    tickets += 1
    return tickets
  }

  /// Gives an episode its world, or another one where it has none any more.
  func enter(_ ticket: Ticket) async throws(EnvironmentError) -> Place {
    let result: Result<Place, EnvironmentError> = await withTaskCancellationHandler {
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

  /// The step is over; the world stays with the episode as long as no other needs it.
  func leave(_ ticket: Ticket) {
    guard var seat = seats[ticket] else { return }
    clock += 1
    seat.isInUse = false
    seat.lastUse = clock
    seats[ticket] = seat
    retire(seat.member)
    serve()
  }

  /// The connection of this episode's process failed: everyone there goes on elsewhere.
  func abandon(_ ticket: Ticket) {
    guard let seat = seats[ticket] else { return }
    remove(seat.member)
  }

  /// The episode is over, and its world free.
  func close(_ ticket: Ticket) {
    vacate(ticket)
    serve()
  }

  private static let cancelled = EnvironmentError(.cancelled, "The run was stopped while it waited for a simulator.")

  private func giveUp(_ ticket: Ticket) {
    guard let place = line.firstIndex(where: { $0.ticket == ticket }) else { return }
    line.remove(at: place).resume.resume(returning: .failure(Self.cancelled))
  }

  /// Serves the line from its head as far as there are worlds, and starts a process where more are wanted.
  private func serve() {
    while let first = line.first, let place = place(for: first.ticket) {
      line.removeFirst()
      first.resume.resume(returning: .success(place))
    }
    // An episode wants a processor to itself; it takes a shared one while its own is being started.
    let wanted = min(most, seats.count + line.count)
    while members.count + starting.count < wanted {
      names += 1
      starting.insert(names)
      start.yield(names)
    }
  }

  private func place(for ticket: Ticket) -> Place? {
    if var seat = seats[ticket], !isWorn(seat.member) {
      seat.isInUse = true
      seats[ticket] = seat
      return Place(bench: seat.bench, isFresh: false)
    }
    vacate(ticket)
    if let name = roomiest() { return sit(ticket, at: name) }
    // Whoever was idle longest makes room, unless a process is coming that has some.
    guard starting.isEmpty, members.count >= most,
      let idle = seats.filter({ !$0.value.isInUse }).min(by: { $0.value.lastUse < $1.value.lastUse })
    else { return nil }
    vacate(idle.key)
    return roomiest().flatMap { sit(ticket, at: $0) }
  }

  private func roomiest() -> Int? {
    members.filter { !$0.value.free.isEmpty && !isWorn($0.key) }
      .max { ($0.value.free.count, -$0.key) < ($1.value.free.count, -$1.key) }?.key
  }

  private func sit(_ ticket: Ticket, at name: Int) -> Place? {
    guard var member = members[name], let world = member.free.popLast() else { return nil }
    member.loads += 1
    members[name] = member
    let bench = Bench(connection: member.simulator.connection, world: world)
    seats[ticket] = Seat(member: name, bench: bench)
    return Place(bench: bench, isFresh: true)
  }

  private func vacate(_ ticket: Ticket) {
    guard let seat = seats.removeValue(forKey: ticket) else { return }
    members[seat.member]?.free.append(seat.bench.world)
    retire(seat.member)
  }

  private func isWorn(_ name: Int) -> Bool {
    (members[name]?.loads ?? 0) >= settings.loadsPerProcess
  }

  /// Ends a worn process between two steps.
  private func retire(_ name: Int) {
    guard isWorn(name), !seats.values.contains(where: { $0.member == name && $0.isInUse }) else { return }
    members.removeValue(forKey: name)?.simulator.connection.close()
    seats = seats.filter { $0.value.member != name }
  }
}
