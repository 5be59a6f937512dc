import Agents
import WorldKit

/// One attempt at a task: the actions so far, and a place in the session pool.
actor SessionEpisode: Episode {
  /// What an episode needs of its world.
  struct Instance: Sendable {
    let pool: SessionPool
    let form: ActionForm
    let text: ObservationText
    let patience: Patience.Settings
  }

  private let world: Instance
  private let task: TaskID
  private let parameters: [String: JSONValue]
  private let ticket: SessionPool.Ticket
  /// The actions sent and their outcomes.
  private var past: [(fields: [String: JSONValue], report: Report)] = []
  private var opening: Report?
  private var comparison = ReplayComparison()

  var recoveryMismatches: Int { comparison.mismatches }

  private init(_ world: Instance, task: TaskID, parameters: [String: JSONValue], ticket: SessionPool.Ticket) {
    self.world = world
    self.task = task
    self.parameters = parameters
    self.ticket = ticket
  }

  /// - Parameter parameters: the parameters of the reset.
  static func begin(
    _ task: TaskID, parameters: [String: JSONValue], in world: Instance
  ) async throws(WorldError) -> (episode: SessionEpisode, observation: Observation) {
    let episode = SessionEpisode(world, task: task, parameters: parameters, ticket: await world.pool.ticket())
    do throws(WorldError) { return (episode, try await episode.first()) } catch {
      await episode.close()
      throw error
    }
  }

  private func first() async throws(WorldError) -> Observation {
    _ = try await atSession { _ throws(SessionFailure) in () }
    guard let opening else { throw WorldError(.unavailable, "The task \(task) was not opened.") }
    guard !opening.isDone else {
      throw WorldError(
        .misconfigured, "The task \(task) is over before its first step: the server answered reset with \"done\": true."
      )
    }
    return Observation(try world.text.text(of: opening.observation), choices: world.form.choices)
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    guard past.last?.report.isDone != true else {
      throw WorldError(.diverged, "The task \(task) is over; the episode takes no more actions.")
    }
    let fields: [String: JSONValue]
    do throws(ActionForm.Misread) { fields = try world.form.fields(for: action) } catch {
      // The server is not asked, so no time passes in its world.
      return invalid(error.reason)
    }
    let report = try await atSession { session throws(SessionFailure) in try await session.step(fields) }
    past.append((fields, report))
    if let refusal = report.refusal { return invalid("The environment refused the action: \(refusal)") }
    return Outcome(
      Observation(try world.text.text(of: report.observation), choices: world.form.choices), reward: report.reward,
      isDone: report.isDone)
  }

  private func invalid(_ reason: String) -> Outcome {
    Outcome(Observation("\(reason) \(world.form.hint)", choices: world.form.choices), isInvalid: true)
  }

  func close() async { await world.pool.close(ticket) }

  /// Runs `body` in a session in which all actions so far have been taken.
  private func atSession<T: Sendable>(
    _ body: @Sendable (Session) async throws(SessionFailure) -> T
  ) async throws(WorldError) -> T {
    var patience = Patience(world.patience)
    while true {
      let place = try await world.pool.enter(ticket)
      var session: Session?
      do throws(SessionFailure) {
        let value = try await body(try await prepared(place, &session))
        await world.pool.leave(ticket)
        return value
      } catch {
        await session?.drop(after: error)
        var hasOthers = false
        switch error {
        case .full: hasOthers = await world.pool.refused(ticket)
        case .unreachable: await world.pool.abandon(ticket, isDown: true)
        case .lost, .final: await world.pool.abandon(ticket)
        }
        try await patience.wait(after: error, hasOthers: hasOthers)
      }
    }
  }

  /// The session of a place. A fresh session is opened and the actions so far are replayed.
  ///
  /// - Parameter session: set as soon as the session is open, so that the caller can close it if the rest fails.
  private func prepared(_ place: SessionPool.Place, _ session: inout Session?) async throws(SessionFailure) -> Session {
    switch place {
    case .kept(let kept):
      session = kept
      return kept
    case .vacant(let server, let evicted):
      await evicted?.close()
      let fresh = try await Session.open(world.pool.servers[server], limits: world.pool.limits)
      session = fresh
      let view = try await fresh.reset(parameters)
      guard opening?.observation.json.saysTheSame(as: view.observation.json) ?? true else {
        throw .final(
          WorldError(
            .diverged,
            "The task \(task), opened again, begins differently: the seed does not determine the environment."))
      }
      opening = opening ?? view
      guard await world.pool.opened(ticket, fresh) else { throw .final(Patience.closed) }
      for (number, step) in past.enumerated() {
        let again = try await fresh.step(step.fields)
        guard comparison.compare(again, with: step.report) != .diverges else {
          throw .final(
            WorldError(
              .diverged,
              "The task \(task), played again, paid \(again.reward) for step \(number + 1) instead of "
                + "\(step.report.reward), or ended differently: the seed does not determine the environment."))
        }
      }
      return fresh
    }
  }
}
