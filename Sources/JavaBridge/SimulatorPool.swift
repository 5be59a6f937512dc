import Agents
import WorldKit

/// Several simulator processes, shared by episodes.
///
/// An episode is its game and the actions so far; a world only makes continuing faster. An episode may lose its world
/// because the process died or was replaced, or because another episode needed the place. Its next action then replays
/// the earlier ones in another world. So there may be more open episodes than worlds: an episode only waits for
/// another's step, and not for its end. ``Seating`` decides turns and places, and the pool carries out its decisions.
///
/// The worlds of one process do not affect each other: where a simulator keeps global state, each world has a context of
/// its own (``JavaProgram``).
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

  /// Identifies an episode.
  package typealias Ticket = Seating.Ticket

  /// A place for one step of an episode.
  package struct Place: Sendable {
    fileprivate let seat: Seating.Place
    /// The world has no state of this episode yet.
    package let isFresh: Bool
  }

  private struct Member {
    let simulator: Simulator
    /// The worlds created so far, by place.
    var worlds: [Int: SimulatedWorld] = [:]
  }

  private init(_ settings: Settings) {
    self.settings = settings
    seating = Seating(
      hosts: settings.processes, places: settings.episodesPerProcess, loads: settings.loadsPerProcess)
    (starts, start) = AsyncStream.makeStream()
  }

  /// A pool whose processes are started on demand and run until ``close()``.
  ///
  /// - Throws: `misconfigured` where Java or the jar is missing.
  public static func open(_ settings: Settings) async throws(WorldError) -> SimulatorPool {
    try settings.check()
    let pool = SimulatorPool(settings)
    await pool.host()
    return pool
  }

  /// Ends the processes and waits for their exit.
  public func close() async {
    hosting?.cancel()
    await hosting?.value
  }

  /// Runs `body` with a pool and ends the processes afterwards.
  ///
  /// - Throws: `misconfigured` if Java or the jar is missing; and what `body` throws.
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

  /// Starts processes on request, until cancelled. They are not children of the requesting task, which may end while an
  /// episode is still open.
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

  /// Removes a process that has ended, is no longer wanted, or could not be started.
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

  /// Carries out the orders of the seating after a change.
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
  package func ticket() -> Ticket { seating.ticket() }

  /// Gives an episode its place, or a new one if it has lost it. Waits until one is free.
  package func enter(_ ticket: Ticket) async throws(WorldError) -> Place {
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

  /// The world at a place, created if necessary.
  package func world(at place: Place) async throws(Py4JFailure) -> SimulatedWorld {
    let (process, number) = (place.seat.host, place.seat.number)
    guard let member = running[process] else { throw Py4JFailure(.lost, "the simulator ended") }
    if let world = member.worlds[number] { return world }
    let world = try await member.simulator.makeWorld()
    running[process]?.worlds[number] = world
    return world
  }

  /// Ends a step. The episode keeps its world until another one needs it.
  ///
  /// - Parameter loads: the number of games that the step loaded, beside the episode's own.
  package func leave(_ ticket: Ticket, loads: Int = 0) {
    seating.leave(ticket, loads: loads)
    proceed()
  }

  /// Removes the process of this episode, whose connection failed. All its episodes continue on other processes.
  package func abandon(_ ticket: Ticket) {
    if let process = seating.host(of: ticket) { remove(process) }
  }

  /// Ends an episode and frees its world.
  package func close(_ ticket: Ticket) {
    seating.close(ticket)
    proceed()
  }

  private static let cancelled = WorldError(.cancelled, "The run was stopped while it waited for a simulator.")

  private func giveUp(_ turn: Seating.Turn) {
    if seating.giveUp(turn) { answer([turn], .failure(Self.cancelled)) }
  }
}
