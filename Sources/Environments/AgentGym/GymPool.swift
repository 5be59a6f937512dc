import Agents
import HTTP

/// The servers of a dialect as one pool. Tracks their environments and sends requests to them.
///
/// Every environment that was created is closed, or reused by the next episode if the dialect allows it. Creating and
/// closing run independently of the requesting task, since that may be cancelled.
actor GymPool {
  struct Limits: Sendable {
    /// The most seconds for one answer. A server that is gone is awaited for the same time.
    var timeout: Double
    /// The most seconds for a greeting or for closing an environment.
    var closing: Double = 5
    /// How long a server that could not be reached is avoided.
    var avoidance: Duration = .seconds(10)
    /// The idle time after which an episode may lose its environment to another if a server is full.
    var grace: Duration = .seconds(1)
  }

  struct Opened: Sendable {
    let ticket: Int
    let opening: GymOutcome
  }

  let dialect: Dialect
  let urls: [String]
  let limits: Limits
  let wire: GymWire
  let gates: [RequestGate]
  private let width: Int
  var fleet: Fleet
  private(set) var isClosed = false
  /// Work that continues even if its requester was cancelled.
  private var errands: [Int: Task<Void, Never>] = [:]
  private var errandNumbers = 0

  init(dialect: Dialect, urls: [String], limits: Limits, capacity: Int?, width: Int, wire: GymWire) {
    self.dialect = dialect
    self.urls = urls.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    self.limits = limits
    self.wire = wire
    self.width = width
    gates = urls.map { _ in RequestGate(width: width) }
    fleet = Fleet(servers: urls.count, capacity: capacity, closes: dialect.close != nil)
  }

  // MARK: - Episodes

  /// Sets a task up in an environment.
  func open(_ task: Int) async throws(WorldError) -> Opened {
    let taskName = "\(dialect.name)-\(task)"
    let deadline = ContinuousClock.now + .seconds(limits.timeout)
    var pause = Duration.milliseconds(100)
    var tried: Set<Int> = []
    while true {
      guard !isClosed else { throw Self.closed }
      let place = fleet.place(at: .now, grace: limits.grace)
      guard let server = place.server else {
        // All environments were used recently.
        try await sleep(.milliseconds(50))
        continue
      }
      do throws(GymFailure) {
        return try await shielded { () async throws(GymFailure) in try await self.open(task, at: place, of: server) }
      } catch {
        guard error.kind == .absent || error.kind == .busy else { throw await explained(error, at: server, taskName) }
        if error.kind == .absent { fleet.lose(server, avoidingUntil: .now + limits.avoidance) }
        tried.insert(server)
        let now = ContinuousClock.now
        if fleet.servers.indices.contains(where: { !tried.contains($0) && !fleet.isAvoided($0, at: now) }) { continue }
        guard error.kind == .busy || fleet.servers.contains(where: \.hasAnswered) else { throw nobody(error) }
        // The server answered before, so it may be restarting.
        guard now < deadline else { throw error.error(at: name(server), taskName: taskName) }
        try await sleep(pause)
        pause = min(pause * 2, .seconds(1))
        tried = []
      }
    }
  }

  /// Takes one action.
  ///
  /// - Throws: `unavailable` if the episode's environment is lost or was given to another episode. The episode must
  ///   then be opened again.
  func step(_ ticket: Int, _ action: String, _ taskName: String) async throws(WorldError) -> GymOutcome {
    guard !isClosed else { throw Self.closed }
    guard let environment = fleet.use(ticket) else {
      throw WorldError(
        .unavailable, "The environment of \(taskName) was lost with its server, or given to another episode.")
    }
    do throws(GymFailure) {
      let answer = try await ask(
        dialect.step, at: environment.server,
        [dialect.idKey: environment.id, dialect.actionKey: .text(dialect.actionPrefix + action)])
      let outcome = try dialect.outcome(answer)
      guard fleet.used(ticket, at: .now) else { throw GymFailure(.lost, "was lost while it answered.") }
      return outcome
    } catch {
      note(error, in: environment)
      // The old environment is closed before the episode is opened again: a restarted server may reuse its name.
      let closing = fleet.leave(ticket).flatMap { discard($0, isIdle: error.isAnswer) }
      if error.kind != .cancelled { await closing?.value }
      throw error.error(at: name(environment.server), taskName: taskName)
    }
  }

  /// Ends an episode. Its environment is reused or closed.
  func leave(_ ticket: Int) {
    guard let environment = fleet.leave(ticket) else { return }
    let limit = dialect.episodesPerEnvironment
    let isWorn = limit > 0 && environment.episodes >= limit
    if isClosed || isWorn { discard(environment, isIdle: true) } else { _ = fleet.keep(environment) }
  }

  /// Closes every environment. The wait is limited, in proportion to the number of environments per connection.
  func close() async {
    isClosed = true
    let all = fleet.clear()
    let running = Array(errands.values)
    await withTaskGroup { group in
      group.addTask {
        await withTaskGroup { closing in
          for environment in all { closing.addTask { await self.end(environment) } }
          for errand in running { closing.addTask { await errand.value } }
        }
      }
      let rounds = Double((all.count + running.count) / max(width, 1) + 2)
      group.addTask { [limits] in try? await Task.sleep(for: .seconds(limits.closing * rounds)) }
      await group.next()
      group.cancelAll()
      for errand in running { errand.cancel() }
    }
  }

  // MARK: - Errands

  /// Runs `body` to its end even if the waiting task is cancelled. That task then returns at once, and what was opened
  /// is closed.
  private func shielded(
    _ body: @escaping @Sendable () async throws(GymFailure) -> Opened
  ) async throws(GymFailure) -> Opened {
    let promise = Promise<Result<Opened, GymFailure>>()
    errand {
      let result: Result<Opened, GymFailure>
      do throws(GymFailure) { result = .success(try await body()) } catch { result = .failure(error) }
      if !promise.keep(result), case .success(let opened) = result, let environment = await self.vacated(opened.ticket)
      {
        await self.end(environment)
      }
    }
    guard let result = await promise.value() else { throw .cancelled }
    return try result.get()
  }

  private func vacated(_ ticket: Int) -> Fleet.Environment? { fleet.leave(ticket) }

  /// Closes an environment.
  ///
  /// - Parameter isIdle: whether nothing is running in the environment, so that it may be reused if it cannot be
  ///   closed.
  /// - Returns: the task that closes it, which need not be awaited.
  @discardableResult
  func discard(_ environment: Fleet.Environment, isIdle: Bool) -> Task<Void, Never>? {
    guard fleet.servers[environment.server].closes else {
      if isIdle { _ = fleet.keep(environment) }
      return nil
    }
    guard environment.era == fleet.servers[environment.server].era else { return nil }
    return errand { await self.end(environment, isIdle: isIdle) }
  }

  @discardableResult
  private func errand(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    errandNumbers += 1
    let number = errandNumbers
    let task = Task {
      await body()
      self.errands[number] = nil
    }
    errands[number] = task
    return task
  }

  private func sleep(_ duration: Duration) async throws(WorldError) {
    do { try await Task.sleep(for: duration) } catch {
      throw WorldError(.cancelled, "The run was stopped while it waited for a server.")
    }
  }

  private static let closed = WorldError(.cancelled, "The world was closed.")
}

extension Fleet.Place {
  var server: Int? {
    switch self {
    case .create(let server): server
    case .reuse(let environment), .evict(let environment): environment.server
    case .none: nil
    }
  }
}
