import Agents
import Foundation
import Reporting
import RolloutStore
import Workbench

/// Attempts that are under way. Trajectories are stored when their task is done, answers at once.
extension Show {
  /// The runs with trajectories or calls; one that has just begun comes first.
  func runs(of store: RolloutStore) async throws -> [StoredRun] {
    let runs = try await store.runs()
    var begun: [StoredRun] = []
    for run in try await store.recordedRuns() where !run.record.policy.isEmpty {
      guard !runs.contains(where: { $0.record.id == run.record.id }) else { continue }
      let tasks = try await store.calledTasks(ofRun: run.record.id)
      if !tasks.isEmpty {
        begun.append(StoredRun(record: run.record, startedAt: run.startedAt, tasks: tasks.count, trajectories: 0))
      }
    }
    let newest = runs.first?.startedAt ?? ""
    return begun.filter { $0.startedAt >= newest } + runs + begun.filter { $0.startedAt < newest }
  }

  /// The tasks of a run with trajectories, and those with calls alone.
  func tasks(of run: StoredRun, _ store: RolloutStore) async throws -> [StoredTask] {
    let stored = try await store.tasks(ofRun: run.record.id)
    let known = Set(stored.map(\.id))
    return stored
      + (try await store.calledTasks(ofRun: run.record.id)).filter { !known.contains($0) }.map {
        StoredTask(id: $0, trajectories: 0, failed: 0, rewardBest: nil, rewardMean: nil)
      }
  }

  func running(_ task: TaskID, of run: StoredRun, _ store: RolloutStore) async throws -> [RunningAttempt] {
    let known = try await store.requests([task], of: run.record.environment)[task]?.task
    return try await store.runningAttempts(
      of: known ?? AgentTask(id: task, request: "", stepLimit: 1_000_000), in: run.record)
  }

  /// The running attempt that is named; nil if an ended one is meant.
  ///
  /// - Parameter hasEnded: whether others of the task have ended. Best and worst are then of these.
  static func chosen(_ name: String, of attempts: [RunningAttempt], hasEnded: Bool) -> RunningAttempt? {
    if ["best", "worst"].contains(name) { return hasEnded ? nil : attempts.first }
    return attempts.first { "\($0.particle)" == name }
  }

  static func record(of attempt: RunningAttempt) -> TrajectoryRecord {
    TrajectoryRecord(particle: attempt.particle, trajectory: attempt.trajectory)
  }

  func show(_ attempt: RunningAttempt, of run: StoredRun, _ store: RolloutStore) async throws {
    var trajectory = attempt.trajectory
    if !attempt.hasOutcomes {
      let seen = try await store.observations(before: attempt.calls)
      let steps = trajectory.steps.enumerated().map { number, step in
        var step = step
        let known = seen.indices.contains(number + 1) ? seen[number + 1] : nil
        step.outcome.observation.text = known ?? "(not stored yet)"
        return step
      }
      let opening = trajectory.opening.text.isEmpty ? seen.first.flatMap(\.self) ?? "" : trajectory.opening.text
      trajectory = Trajectory(task: trajectory.task, opening: Observation(opening), steps: steps)
    }
    let reasoning = attempt.calls.enumerated().compactMap { step, call in
      call.answer.response.reasoning.map { (step, $0) }
    }
    let text = TrajectoryText(
      trajectory, format: run.record.format, values: attempt.values,
      reasoning: Dictionary(reasoning, uniquingKeysWith: { $1 }),
      cutOff: Set(attempt.calls.indices.filter { attempt.calls[$0].answer.response.usage.cutOffAnswers > 0 }),
      isConversation: run.record.environment.isConversation, hasRewards: attempt.hasOutcomes)
    if let json = common.json {
      let record = TrajectoryRecord(particle: attempt.particle, trajectory: trajectory)
      try Console.write(json: TrajectoryDocument(record, run: run, text: text, isRunning: true), to: json)
      if json == "-" { return }
    }
    Console.print(
      """
      \(trajectory.task.id), particle \(attempt.particle) of \(run.title)
      running, \(trajectory.count) of at most \(trajectory.task.stepLimit) steps

      \(text.text(width: Console.width))
      """)
  }
}
