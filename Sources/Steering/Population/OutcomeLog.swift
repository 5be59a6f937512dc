import Agents
import RolloutStore

/// The outcomes of a world in a run, stored before use. A resumed run reads them. A world that answers differently the
/// second time therefore does not invalidate answers that were paid for.
struct OutcomeLog: Sendable {
  let store: RolloutStore
  let run: String

  /// The opening that all particles of the task share; nil if it was not recorded, or only for another request under the
  /// same name.
  func opening(of task: AgentTask) async throws(StoreError) -> Observation? {
    let record = try await store.outcome(for: key(task.id, place: 0, step: 0))
    // Older versions did not note the request.
    guard let record, record.past.isEmpty || record.past == Self.digest(of: task) else { return nil }
    return record.outcome.observation
  }

  func record(_ opening: Observation, of task: AgentTask) async throws(StoreError) {
    try await store.record(
      OutcomeRecord(
        key: key(task.id, place: 0, step: 0), past: Self.digest(of: task), action: "", outcome: Outcome(opening)))
  }

  private static func digest(of task: AgentTask) -> String {
    var digest = Digest()
    digest.add("request", task.request)
    return digest.text
  }

  /// The stored result of an action.
  enum Recorded: Sendable {
    case outcome(Outcome)
    /// The action made the attempt fail, and the other particles continued without it.
    case failure(AttemptFailure)
  }

  /// The next step of a particle, as far as the log is concerned.
  struct Turn: Sendable {
    let log: OutcomeLog
    let past: Past
    /// The particle's place.
    let place: Int

    /// The stored result of an action; nil if it was never taken, or only after another past.
    func recorded(of action: Action) async throws(StoreError) -> Recorded? {
      guard let record = try await log.store.outcome(for: key), record.action == action.text, record.past == past.text
      else { return nil }
      return record.failure.map(Recorded.failure) ?? .outcome(record.outcome)
    }

    /// - Parameter failure: why the attempt ended with this action, if it did; there is no outcome then.
    func record(
      _ outcome: Outcome, of action: Action, failure: AttemptFailure? = nil
    ) async throws(StoreError) {
      try await log.store.record(
        OutcomeRecord(key: key, past: past.text, action: action.text, outcome: outcome, failure: failure))
    }

    private var key: CallKey { log.key(past.task, place: place, step: past.steps + 1) }
  }

  private func key(_ task: TaskID, place: Int, step: Int) -> CallKey {
    CallKey(run: run, task: task, particle: place, step: step)
  }

  /// What an outcome depends on: everything before the action. A trajectory that grows adds its newest step only.
  struct Past: Sendable {
    let task: TaskID
    private(set) var steps = 0
    private var digest = Digest()

    init(_ trajectory: Trajectory) {
      task = trajectory.task.id
      digest.add(trajectory.opening.text)
      for step in trajectory.steps { add(step) }
    }

    var text: String { digest.text }

    mutating func add(_ step: Step) {
      digest.add(step.action.text, step.outcome.observation.text, String(step.outcome.reward))
      steps += 1
    }
  }
}
