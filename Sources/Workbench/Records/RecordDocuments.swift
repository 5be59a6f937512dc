import Agents
import Foundation
import Reporting
import RolloutStore
import Steering

extension StoredRun {
  /// The beginning of the id, long enough to tell runs apart.
  package var shortID: String { String(record.id.prefix(10)) }

  package var title: String { "run \(shortID) (\(record.verb), \(record.method), \(record.environment.kind))" }

  /// β, from the run's settings.
  package var temperature: Double {
    record.steering?.temperature ?? SteeringSettings().temperature
  }
}

extension TrajectoryRecord {
  /// The name that `cox show` accepts.
  package var name: String { standing == .banked ? "\(particle)-banked" : "\(particle)" }

  package var end: String {
    if let failure { return "failed: \(failure.message)" }
    return trajectory.isDone ? "done" : trajectory.isFinished ? "cut at the step limit" : "left unfinished"
  }
}

package struct RunLine: Encodable {
  package let run, startedAt, verb, method: String
  package let environment: WorldIdentity
  package let policy: String
  package let critic: String?
  package let seed: UInt64
  package let tasks, trajectories: Int

  package init(_ run: StoredRun) {
    self.run = run.record.id
    startedAt = run.startedAt
    verb = run.record.verb
    method = run.record.method
    environment = run.record.environment
    policy = run.record.policy
    critic = run.record.critic
    seed = run.record.seed
    tasks = run.tasks
    trajectories = run.trajectories
  }
}

package struct TaskLine: Encodable {
  package let task: TaskID
  package let trajectories, failed: Int
  /// Attempts whose trajectories are not stored yet.
  package let running: Int
  /// Absent if every attempt failed.
  package let rewardBest, rewardMean: Double?

  package init(_ task: StoredTask, running: Int = 0) {
    self.task = task.id
    self.running = running
    trajectories = task.trajectories
    failed = task.failed
    rewardBest = task.rewardBest
    rewardMean = task.rewardMean
  }
}

package struct ParticleLine: Encodable {
  package let particle, standing: String
  package let steps: Int
  package let reward: Double
  package let done: Bool
  package let logWeight: Double?
  package let failure: String?
  package let failureKind: AttemptFailure.Kind?

  /// - Parameter isRunning: whether the trajectory is not stored yet.
  package init(_ record: TrajectoryRecord, isRunning: Bool = false) {
    particle = record.name
    standing = isRunning ? "running" : record.standing.rawValue
    steps = record.trajectory.count
    reward = record.trajectory.reward
    done = record.trajectory.isDone
    logWeight = record.logWeight
    failure = record.failure?.message
    failureKind = record.failure?.kind
  }
}

/// A complete trajectory.
package struct TrajectoryDocument: Encodable {
  package struct Exchange: Encodable {
    package let step: Int
    package let response: String
    package let thought, reasoning: String?
    package let action: String
    package let parsed: Bool
    package let observation: String
    package let reward: Double
    package let done, invalid: Bool
    /// Whether the answer was cut off at the maximal length.
    package let cutOff: Bool
    /// The critic's value after the step.
    package let criticValue: Double?
  }

  package let run: RunLine
  package let task: TaskID
  package let request, opening: String
  package let particle: ParticleLine
  package let criticValue: Double?
  package let steps: [Exchange]

  package init(_ record: TrajectoryRecord, run: StoredRun, text: TrajectoryText, isRunning: Bool = false) {
    self.run = RunLine(run)
    task = record.trajectory.task.id
    request = record.trajectory.request
    opening = record.trajectory.opening.text
    particle = ParticleLine(record, isRunning: isRunning)
    criticValue = text.values[0]
    steps = record.trajectory.steps.enumerated().map { place, step in
      Exchange(
        step: place + 1, response: step.response, thought: text.format.thought(in: step.response, action: step.action),
        reasoning: text.reasoning[place], action: step.action.text, parsed: step.action.isParsed,
        observation: step.outcome.observation.text, reward: step.outcome.reward, done: step.outcome.isDone,
        invalid: step.outcome.isInvalid, cutOff: text.cutOff.contains(place), criticValue: text.values[place + 1])
    }
  }
}
