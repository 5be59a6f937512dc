import Agents
import WorldKit

/// Who may run a program: as many episodes at a time as there are processes. An episode keeps its program between steps
/// until another one needs the place.
actor ProgramSeats {
  private static let cancelled = WorldError(.cancelled, "The run was stopped while it waited for a process.")

  private var seating: Seating
  private var episodes: [Seating.Ticket: AgentEpisode] = [:]
  /// Those that wait for a place.
  private var entering: [Seating.Ticket: AgentEpisode] = [:]
  /// How often each episode got a place.
  private var uses: [Seating.Ticket: Int] = [:]
  private var waiting: [Seating.Turn: CheckedContinuation<Result<Grant, WorldError>, Never>] = [:]

  /// A place: the number of the episode's use of one, and the episode that must be put away first, with its last use.
  typealias Grant = (uses: Int, evicted: (episode: AgentEpisode, uses: Int)?)
  private var isClosed = false

  init(processes: Int) { seating = Seating(running: 1, places: processes) }

  func ticket() -> Seating.Ticket { seating.ticket() }

  /// Waits for a place for one step.
  func enter(_ ticket: Seating.Ticket, _ episode: AgentEpisode) async throws(WorldError) -> Grant {
    entering[ticket] = episode
    let turn = seating.enter(ticket)
    let result: Result<Grant, WorldError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting[turn] = continuation
        if Task.isCancelled || isClosed { giveUp(turn) } else { proceed() }
      }
    } onCancel: {
      Task { await self.giveUp(turn) }
    }
    return try result.get()
  }

  /// Ends a step.
  func leave(_ ticket: Seating.Ticket) {
    seating.leave(ticket)
    proceed()
  }

  /// Gives up the place.
  func close(_ ticket: Seating.Ticket) {
    (episodes[ticket], entering[ticket], uses[ticket]) = (nil, nil, nil)
    seating.close(ticket)
    proceed()
  }

  /// Refuses everyone who waits.
  ///
  /// - Returns: the episodes that have a program.
  func close() -> [AgentEpisode] {
    isClosed = true
    for turn in seating.dismiss() { waiting.removeValue(forKey: turn)?.resume(returning: .failure(Self.cancelled)) }
    return Array(episodes.values)
  }

  private func giveUp(_ turn: Seating.Turn) {
    guard seating.giveUp(turn) else { return }
    waiting.removeValue(forKey: turn)?.resume(returning: .failure(Self.cancelled))
  }

  private func proceed() {
    for grant in seating.orders().grants {
      let evicted = grant.evicted.flatMap { ticket in
        episodes.removeValue(forKey: ticket).map { (episode: $0, uses: uses[ticket, default: 0]) }
      }
      episodes[grant.ticket] = entering.removeValue(forKey: grant.ticket)
      uses[grant.ticket, default: 0] += 1
      waiting.removeValue(forKey: grant.turn)?.resume(
        returning: .success((uses: uses[grant.ticket, default: 0], evicted: evicted)))
    }
  }
}
