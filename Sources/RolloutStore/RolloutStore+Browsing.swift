import Agents
import GRDB
import ParticleFilter

/// A run as listed by ``RolloutStore/runs()``.
public struct StoredRun: Sendable {
  /// Method, identities, seed and settings.
  public let record: RunRecord
  /// UTC, in SQLite's format: 2026-01-31 12:00:00.
  public let startedAt: String
  /// The number of tasks with a stored trajectory.
  public let tasks: Int
  /// The number of stored trajectories, failed and culled ones included.
  public let trajectories: Int

  package init(record: RunRecord, startedAt: String, tasks: Int, trajectories: Int) {
    (self.record, self.startedAt, self.tasks, self.trajectories) = (record, startedAt, tasks, trajectories)
  }
}

/// One task of a run as listed by ``RolloutStore/tasks(ofRun:)``.
public struct StoredTask: Sendable {
  public let id: TaskID
  /// All trajectories, failed ones included.
  public let trajectories: Int
  /// How many of the trajectories failed.
  public let failed: Int
  /// The best reward, in reward units; nil if every attempt failed.
  public let rewardBest: Double?
  /// The mean reward of the trajectories at the end of the run that did not fail; nil if all did.
  public let rewardMean: Double?

  package init(id: TaskID, trajectories: Int, failed: Int, rewardBest: Double?, rewardMean: Double?) {
    (self.id, self.trajectories, self.failed) = (id, trajectories, failed)
    (self.rewardBest, self.rewardMean) = (rewardBest, rewardMean)
  }
}

extension RolloutStore {
  /// Every run with trajectories, the most recently extended first.
  public func runs() async throws(StoreError) -> [StoredRun] {
    try await read("list the runs") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT run.*, COUNT(DISTINCT trajectory.task) AS tasks, COUNT(*) AS trajectories
          FROM run JOIN trajectory ON trajectory.run = run.id AND trajectory.standing IN ('final', 'banked')
          GROUP BY run.id ORDER BY MAX(trajectory.id) DESC
          """
      ).map { row in
        try StoredRun(
          record: RunRecord(row), startedAt: row.value("startedAt"), tasks: row.value("tasks"),
          trajectories: row.value("trajectories"))
      }
    }
  }

  /// The tasks of a run that have trajectories, by their ids.
  public func tasks(ofRun run: String) async throws(StoreError) -> [StoredTask] {
    try await read("list the tasks") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT task, COUNT(*) AS trajectories, COUNT(failure) AS failed,
            MAX(reward) FILTER (WHERE failure IS NULL) AS best,
            AVG(reward) FILTER (WHERE failure IS NULL AND standing = 'final') AS mean
          FROM trajectory WHERE run = ? AND standing IN ('final', 'banked') GROUP BY task ORDER BY task
          """, arguments: [run]
      ).map {
        try StoredTask(
          id: TaskID($0.value("task") as String), trajectories: $0.value("trajectories"), failed: $0.value("failed"),
          rewardBest: $0.value("best"), rewardMean: $0.value("mean"))
      }
    }
  }

  /// The trajectories of one task of a run, in the order of their places. Finished trajectories that were culled come
  /// last.
  ///
  /// - Parameter culled: whether to append trajectories that were culled before they had finished, each with its whole
  ///   past.
  public func trajectories(
    run: String, task: TaskID, culled: Bool = false
  ) async throws(StoreError) -> [TrajectoryRecord] {
    let genealogy = culled ? try await genealogy(run: run, task: task) : Genealogy(count: 0)
    let records = try await read("read the trajectories of \(task)") { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          \(Self.trajectoriesWithTasks)
          WHERE trajectory.run = ? AND trajectory.task = ? AND (trajectory.standing IN ('final', 'banked') OR ?)
          ORDER BY trajectory.standing <> 'final', trajectory.standing <> 'banked', trajectory.particle, trajectory.id
          """, arguments: [run, task.rawValue, culled])
      return try rows.map { row in
        let task = try AgentTask(id: task, request: row.value("request"), stepLimit: row.value("stepLimit"))
        return try TrajectoryRecord(
          particle: row.value("particle"),
          standing: TrajectoryRecord.Standing(rawValue: row.value("standing")) ?? .final,
          trajectory: Self.trajectory(row, task: task, from: database), logWeight: row.value("logWeight"),
          failure: try AttemptFailure(row))
      }
    }
    return culled ? Lives(records, genealogy).whole : records
  }
}

extension RunRecord {
  init(_ row: Row) throws {
    let format: String? = try row.value("format")
    try self.init(
      id: row.value("id"), verb: row.value("verb"), method: row.value("method"),
      environment: WorldIdentity(kind: row.value("environmentKind"), rules: row.value("environmentRules")),
      policy: row.value("policy"), format: format.flatMap(ActionFormat.init) ?? .plain, critic: row.value("critic"),
      isPrior: row.value("isPrior"), seed: UInt64(bitPattern: row.value("seed")), settings: row.value("settings"))
  }
}

extension RolloutStore {
  /// Stores how far a run is, for those who watch the store.
  ///
  /// - Parameter progress: JSON.
  package func note(progress: String, ofRun run: String) async throws(StoreError) {
    try await write("note the progress") { database in
      try database.execute(
        sql: """
          INSERT OR REPLACE INTO progress (run, figures, updatedAt) VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))
          """, arguments: [run, progress])
    }
  }

  /// How far each run was when it was last noted.
  ///
  /// - Returns: the run's id, the figures as JSON, and the time in UTC: 2026-01-31 12:00:00.000.
  package func progress() async throws(StoreError) -> [(run: String, figures: String, updatedAt: String)] {
    try await read("read the progress") { database in
      try Row.fetchAll(database, sql: "SELECT run, figures, updatedAt FROM progress ORDER BY updatedAt DESC").map {
        try ($0.value("run"), $0.value("figures"), $0.value("updatedAt"))
      }
    }
  }
}

/// Completes culled trajectories with the steps that they share with their ancestors.
private struct Lives {
  private let records: [TrajectoryRecord]
  private let ancestry: Ancestry
  /// The records by line. A line that ended and continues only in its copies has no record.
  private let byLine: [Int: TrajectoryRecord]

  init(_ records: [TrajectoryRecord], _ genealogy: Genealogy) {
    self.records = records
    let ancestry = Ancestry(genealogy)
    self.ancestry = ancestry
    let lines = records.compactMap { record in ancestry.line(of: record).map { ($0, record) } }
    byLine = Dictionary(lines) { first, _ in first }
  }

  /// The records, each with its whole past. A record whose past is missing is left out.
  var whole: [TrajectoryRecord] {
    records.compactMap { record in
      guard case .culled = record.standing else { return record }
      return steps(of: record).map {
        TrajectoryRecord(
          particle: record.particle, standing: record.standing,
          trajectory: Trajectory(task: record.trajectory.task, opening: record.trajectory.opening, steps: $0),
          logWeight: record.logWeight, failure: record.failure)
      }
    }
  }

  private func steps(of record: TrajectoryRecord) -> [Step]? {
    // Only culled trajectories are stored without their past.
    guard case .culled = record.standing, let line = ancestry.line(of: record),
      let parent = ancestry.lines[line].parent
    else { return record.trajectory.steps }
    return byLine[parent].flatMap { steps(of: $0) }.map {
      Array($0.prefix(ancestry.birth(of: line))) + record.trajectory.steps
    }
  }
}

extension Ancestry {
  /// The line of a stored trajectory; nil if the genealogy has none.
  public func line(of record: TrajectoryRecord) -> Int? {
    switch record.standing {
    case .final: finalLines.indices.contains(record.particle) ? finalLines[record.particle] : nil
    case .culled(let step): line(holding: record.particle, before: step)
    case .banked: cull(of: record.particle, finishedAfter: record.trajectory.count).map { line(of: $0) }
    }
  }
}
