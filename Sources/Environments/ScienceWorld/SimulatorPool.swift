import Agents
import WorldKit

/// A few simulators, and the episodes that share them.
///
/// An episode is its game and the actions taken so far; the world behind it is only a faster way to go on. So an episode that
/// lost its world, because its process died or was replaced or because others needed the place, plays its actions again in
/// another one when its next action comes. That is why more episodes may be open than there are worlds: none waits for another
/// to be closed, only for one to finish its step. ``Seating`` says whose turn it is and where; the pool does what it says.
///
/// The worlds of one process do not disturb each other: ``Singletons`` gives each its own of what the simulator keeps once a
/// process.
public actor SimulatorPool {
  /// Java, the jar, and how many processes and episodes there may be.
  public nonisolated let settings: Settings

  private var seating: Seating
  private var running: [Int: Member] = [:]
  private var waiting: [Seating.Turn: CheckedContinuation<Result<Place, WorldError>, Never>] = [:]
  private var isClosed = false
  private let starts: AsyncStream<Int>
  private let start: AsyncStream<Int>.Continuation
  private var hosting: Task<Void, Never>?

  /// What an episode is known by.
  typealias Ticket = Seating.Ticket

  /// A place for one step of an episode.
  struct Place: Sendable {
    fileprivate let seat: Seating.Place
    /// Nothing of this episode is there yet.
    let isFresh: Bool
  }

  private struct Member {
    let simulator: Simulator
    /// Those that were needed so far.
    var worlds: [Int: Simulator.Instance] = [:]
  }

  private init(_ settings: Settings) {
    self.settings = settings
    seating = Seating(
      hosts: settings.processes, places: settings.episodesPerProcess, loads: settings.loadsPerProcess)
    (starts, start) = AsyncStream.makeStream()
  }

  /// A pool whose processes are started when the first episodes want them, and run until ``close()``.
  ///
  /// - Throws: `misconfigured` where Java or the jar is missing.
  public static func open(_ settings: Settings) async throws(WorldError) -> SimulatorPool {
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
    do throws(WorldError) {
      try await SimulatorProcess(settings: settings).run { await self.join(name, $0) }
      await remove(name)
    } catch {
      await remove(name, failure: error)
    }
  }

  private func join(_ name: Int, _ simulator: Simulator) {
    running[name] = Member(simulator: simulator)
    seating.joined(name)
    proceed()
  }

  /// A process has ended or is no longer wanted, or could not be started.
  private func remove(_ name: Int, failure: WorldError? = nil) {
    let member = running.removeValue(forKey: name)
    member?.simulator.connection.close()
    if member == nil, let failure, !seating.failed(name) { answer(seating.dismiss(), .failure(failure)) }
    seating.lost(name)
    proceed()
  }

  private func shut() {
    isClosed = true
    answer(seating.dismiss(), .failure(WorldError(.cancelled, "The simulators were stopped.")))
    for member in running.values { member.simulator.connection.close() }
    running = [:]
  }

  private func answer(_ turns: [Seating.Turn], _ result: Result<Place, WorldError>) {
    for turn in turns { waiting.removeValue(forKey: turn)?.resume(returning: result) }
  }

  /// Does what the seating orders after a change.
  private func proceed() {
    guard !isClosed else { return }
    let orders = seating.orders()
    for name in orders.ends { running.removeValue(forKey: name)?.simulator.connection.close() }
    for grant in orders.grants { answer([grant.turn], .success(Place(seat: grant.place, isFresh: grant.isFresh))) }
    for name in orders.starts { start.yield(name) }
  }
}

// MARK: - Episodes

extension SimulatorPool {
  func ticket() -> Ticket { seating.ticket() }

  /// Gives an episode its place, or another one where it has none any more.
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

  /// The world at a place, made where there is none yet.
  func bench(at place: Place) async throws(Py4JFailure) -> Bench {
    let (process, number) = (place.seat.host, place.seat.number)
    guard let member = running[process] else { throw Py4JFailure(.lost, "the simulator ended") }
    let connection = member.simulator.connection
    if let world = member.worlds[number] { return Bench(connection: connection, world: world) }
    let world = try await member.simulator.makeWorld()
    running[process]?.worlds[number] = world
    return Bench(connection: connection, world: world)
  }

  /// The step is over; the world stays with the episode as long as no other needs it.
  func leave(_ ticket: Ticket) {
    seating.leave(ticket)
    proceed()
  }

  /// The connection of this episode's process failed: everyone there goes on elsewhere.
  func abandon(_ ticket: Ticket) {
    if let process = seating.host(of: ticket) { remove(process) }
  }

  /// The episode is over, and its world free.
  func close(_ ticket: Ticket) {
    seating.close(ticket)
    proceed()
  }

  private static let cancelled = WorldError(.cancelled, "The run was stopped while it waited for a simulator.")

  private func giveUp(_ turn: Seating.Turn) {
    if seating.giveUp(turn) { answer([turn], .failure(Self.cancelled)) }
  }
}
