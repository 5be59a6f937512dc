import Agents
import GRDB

/// A run as a store lists it.
public struct StoredRun: Sendable {
  public let record: RunRecord
  /// UTC, as SQLite writes it: 2026-01-31 12:00:00.
  public let startedAt: String
  public let tasks: Int
  public let trajectories: Int
}

/// A task of a run as a store lists it.
public struct StoredTask: Sendable {
  public let id: TaskID
  public let trajectories: Int
  public let rewardBest: Double
  public let rewardMean: Double
}

extension RolloutStore {
  /// Every run that has trajectories, the newest first.
  public func runs() async throws(StoreError) -> [StoredRun] {
    try await read("list the runs") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT run.*, COUNT(DISTINCT trajectory.task) AS tasks, COUNT(*) AS trajectories
          FROM run JOIN trajectory ON trajectory.run = run.id
          GROUP BY run.id ORDER BY run.startedAt DESC, run.rowid DESC
          """
      ).map { row in
        StoredRun(
          record: RunRecord(
            id: row["id"], verb: row["verb"], method: row["method"],
            environment: EnvironmentIdentity(kind: row["environmentKind"], rules: row["environmentRules"]),
            policy: row["policy"], format: (row["format"] as String?).flatMap(ActionFormat.init) ?? .plain,
            critic: row["critic"], isPrior: row["isPrior"], seed: UInt64(bitPattern: row["seed"]),
            settings: row["settings"]),
          startedAt: row["startedAt"], tasks: row["tasks"], trajectories: row["trajectories"])
      }
    }
  }

  /// The tasks of a run that have trajectories, by their ids.
  public func tasks(ofRun run: String) async throws(StoreError) -> [StoredTask] {
    try await read("list the tasks") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT task, COUNT(*) AS trajectories, MAX(reward) AS best,
            AVG(reward) FILTER (WHERE standing = 'final') AS mean
          FROM trajectory WHERE run = ? GROUP BY task ORDER BY task
          """, arguments: [run]
      ).map {
        StoredTask(
          id: TaskID($0["task"] as String), trajectories: $0["trajectories"], rewardBest: $0["best"],
          rewardMean: $0["mean"] ?? 0)
      }
    }
  }

  /// The trajectories of one task of a run, by their places, what was culled after it had finished last.
  public func trajectories(run: String, task: TaskID) async throws(StoreError) -> [TrajectoryRecord] {
    try await read("read the trajectories of \(task)") { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          \(Self.trajectoriesWithTasks)
          WHERE trajectory.run = ? AND trajectory.task = ?
          ORDER BY trajectory.standing <> 'final', trajectory.particle
          """, arguments: [run, task.rawValue])
      return try rows.map { row in
        let task = AgentTask(id: task, request: row["request"], stepLimit: row["stepLimit"])
        return TrajectoryRecord(
          particle: row["particle"], standing: TrajectoryRecord.Standing(rawValue: row["standing"]) ?? .final,
          trajectory: try Self.trajectory(row, task: task, from: database), logWeight: row["logWeight"],
          failure: row["failure"])
      }
    }
  }
}
