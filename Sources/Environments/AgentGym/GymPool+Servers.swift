import Agents

/// Requests to a single server.
extension GymPool {
  /// Sets up a task at a reserved place.
  func open(_ task: Int, at place: Fleet.Place, of server: Int) async throws(GymFailure) -> Opened {
    var environment: Fleet.Environment
    do throws(GymFailure) {
      try await greet(server)
      environment = try await self.environment(at: place, of: server)
    } catch {
      fleet.giveUp(server)
      throw error
    }
    environment.episodes += 1
    do throws(GymFailure) {
      let opening = try await reset(environment, to: task)
      guard !isClosed, let ticket = fleet.sit(in: environment, at: .now) else {
        throw GymFailure(isClosed ? .cancelled : .lost, "was lost while it set the task up.")
      }
      return Opened(ticket: ticket, opening: opening)
    } catch {
      fleet.giveUp(server)
      note(error, in: environment)
      // The environments kept idle beside it have most likely been lost too.
      if environment.episodes > 1, error.kind == .lost {
        for other in fleet.takeFree(server) { discard(other, isIdle: false) }
      }
      if isClosed { await end(environment) } else { await discard(environment, isIdle: error.isAnswer)?.value }
      throw error
    }
  }

  private func environment(at place: Fleet.Place, of server: Int) async throws(GymFailure) -> Fleet.Environment {
    switch place {
    case .reuse(let environment): return environment
    case .evict(let environment):
      let limit = dialect.episodesPerEnvironment
      if limit == 0 || environment.episodes < limit || !fleet.servers[server].closes { return environment }
      await end(environment)
    case .create, .none: break
    }
    let answer = try await ask(dialect.create, at: server, dialect.createFields)
    return fleet.made(try dialect.created(answer), at: server)
  }

  private func reset(_ environment: Fleet.Environment, to task: Int) async throws(GymFailure) -> GymOutcome {
    var fields = dialect.resetFields
    fields[dialect.idKey] = environment.id
    fields[dialect.taskKey] = .integer(task)
    let answer = try await ask(dialect.reset, at: environment.server, fields)
    var look: JSONValue?
    if let route = dialect.look {
      look = try await ask(route, at: environment.server, [dialect.idKey: environment.id])
    }
    return try dialect.opening(answer, look: look)
  }

  /// Closes an environment and waits for the answer.
  ///
  /// - Parameter isIdle: whether it may play another episode if the server turns out to be unable to close it.
  func end(_ environment: Fleet.Environment, isIdle: Bool = false) async {
    guard let route = dialect.close, fleet.servers[environment.server].closes else { return }
    do throws(GymFailure) {
      _ = try await ask(
        route, at: environment.server, [dialect.idKey: environment.id], within: min(limits.closing, limits.timeout))
    } catch {
      // Other failures need no action: a server that is unreachable or does not know the environment no longer has it.
      guard error.status == 404 || error.status == 405 else { return }
      fleet.cannotClose(environment.server)
      if isIdle, !isClosed { _ = fleet.keep(environment) }
    }
  }

  func ask(
    _ route: Route, at server: Int, _ fields: [String: JSONValue], within seconds: Double? = nil
  ) async throws(GymFailure) -> JSONValue {
    let (wire, url, seconds) = (wire, urls[server], seconds ?? limits.timeout)
    do throws(GymFailure) {
      return try await gates[server].withPlace { () async throws(GymFailure) in
        try await wire.ask(route, at: url, fields, within: seconds)
      }
    } catch {
      var failure = error
      failure.route = route
      guard error.kind == .broken else { throw failure }
      // Distinguishes a broken connection from a server that is gone.
      do throws(GymFailure) { _ = try await hello(server) } catch let second {
        if second.kind == .broken { throw Self.absent(error) }
      }
      throw failure
    }
  }

  /// The server's answer to `GET /`.
  func hello(_ server: Int) async throws(GymFailure) -> String? {
    try await wire.ask("GET /", at: urls[server], [:], within: min(limits.closing, limits.timeout)).text
  }

  /// Checks a server before its first use, and again after it was lost.
  private func greet(_ server: Int) async throws(GymFailure) {
    guard !fleet.servers[server].hasAnswered || fleet.servers[server].avoidedUntil != nil else { return }
    let greeting: String?
    do throws(GymFailure) { greeting = try await hello(server) } catch {
      if error.kind == .broken { throw Self.absent(error) }
      // Any answer at all shows that the server exists.
      greeting = nil
    }
    if let objection = greeting.flatMap(dialect.objection) { throw objection }
    fleet.hear(server)
  }

  private static func absent(_ failure: GymFailure) -> GymFailure {
    GymFailure(.absent, "cannot be reached: it \(failure.reason)")
  }

  /// Applies what a failure implies for the whole server.
  func note(_ failure: GymFailure, in environment: Fleet.Environment) {
    guard environment.era == fleet.servers[environment.server].era else { return }
    switch failure.kind {
    case .absent: fleet.lose(environment.server, avoidingUntil: .now + limits.avoidance)
    case .refused where dialect.hasLost(failure): fleet.startAnew(environment.server)
    default: break
    }
  }
}
