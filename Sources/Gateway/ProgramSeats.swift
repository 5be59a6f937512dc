import Agents
import WorldKit

/// Who may run a program: as many episodes at a time as there are processes. An episode keeps its program between steps
/// until another one needs the place.
actor ProgramSeats {
  private static let cancelled = WorldError(.cancelled, "The run was stopped while it waited for a process.")

  private var seating: Seating
  private var episodes: [Seating.Ticket: AgentEpisode] = [:]
  private var waiting: [Seating.Turn: CheckedContinuation<Result<AgentEpisode?, WorldError>, Never>] = [:]
  private var isClosed = false

  init(processes: Int) { seating = Seating(running: 1, places: processes) }

  func ticket() -> Seating.Ticket { seating.ticket() }

  /// Waits for a place for one step.
  ///
  /// - Returns: the episode that must be put away first, or nil.
  func enter(_ ticket: Seating.Ticket, _ episode: AgentEpisode) async throws(WorldError) -> AgentEpisode? {
    let turn = seating.enter(ticket)
    let result: Result<AgentEpisode?, WorldError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting[turn] = continuation
        if Task.isCancelled || isClosed { giveUp(turn) } else { proceed() }
      }
    } onCancel: {
      Task { await self.giveUp(turn) }
    }
    let evicted = try result.get()
    episodes[ticket] = episode
    return evicted
  }

  /// Ends a step.
  func leave(_ ticket: Seating.Ticket) {
    seating.leave(ticket)
    proceed()
  }

  /// Gives up the place.
  func close(_ ticket: Seating.Ticket) {
    episodes[ticket] = nil
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
      let evicted = grant.evicted.flatMap { episodes.removeValue(forKey: $0) }
      waiting.removeValue(forKey: grant.turn)?.resume(returning: .success(evicted))
    }
  }
}
