import Agents
import GRDB
import ParticleFilter

/// A stored trajectory without its steps.
package struct AttemptRow: Sendable {
  package let task: TaskID
  package let particle: Int
  package let standing: TrajectoryRecord.Standing
  /// The steps from the start, those shared with ancestors included.
  package let steps: Int
  package let reward: Double
  package let isDone: Bool
  package let logWeight: Double?
  package let failure: AttemptFailure?

  package init(
    task: TaskID, particle: Int, standing: TrajectoryRecord.Standing, steps: Int, reward: Double, isDone: Bool,
    logWeight: Double?, failure: AttemptFailure?
  ) {
    (self.task, self.particle, self.standing, self.steps) = (task, particle, standing, steps)
    (self.reward, self.isDone, self.logWeight, self.failure) = (reward, isDone, logWeight, failure)
  }
}

/// Which of several rows are read.
package struct Slice: Sendable, Hashable {
  package let offset: Int
  package let limit: Int

  package init(offset: Int, limit: Int) { (self.offset, self.limit) = (offset, limit) }
}

extension RolloutStore {
  /// Trajectories of a task: the final population by places, then what was culled.
  package func attempts(run: String, task: TaskID, _ slice: Slice) async throws(StoreError) -> [AttemptRow] {
    try await read("list the trajectories of \(task)") { database in
      try Self.attempts(
        "run = ? AND task = ? ORDER BY standing <> 'final', standing <> 'banked', particle, id",
        [run, task.rawValue], slice, from: database)
    }
  }

  /// Failed attempts of a run.
  ///
  /// - Parameter kind: nil for those of every kind.
  package func failedAttempts(
    run: String, kind: AttemptFailure.Kind?, _ slice: Slice
  ) async throws(StoreError) -> [AttemptRow] {
    try await read("list the failed attempts") { database in
      try Self.attempts(
        "run = ? AND failure IS NOT NULL AND (? IS NULL OR COALESCE(failureKind, 'unknown') = ?) ORDER BY task, particle, id",
        [run, kind?.rawValue, kind?.rawValue], slice, from: database)
    }
  }

  /// The failed attempts of a run by kind, the most frequent first.
  package func failureReasons(run: String) async throws(StoreError) -> [FailedAttempts.Reason] {
    try await read("count the failed attempts") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT failureKind, COUNT(*) AS count, MIN(failure) AS failure FROM trajectory
          WHERE run = ? AND failure IS NOT NULL GROUP BY COALESCE(failureKind, 'unknown') ORDER BY count DESC
          """, arguments: [run]
      ).compactMap { row in
        let count: Int = try row.value("count")
        return try AttemptFailure(row).map { FailedAttempts.Reason($0.kind, count: count, example: $0.message) }
      }
    }
  }

  private static func attempts(
    _ condition: String, _ arguments: StatementArguments, _ slice: Slice, from database: Database
  ) throws -> [AttemptRow] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT task, particle, standing, reward, isDone, logWeight, failure, failureKind,
          COALESCE((SELECT MAX(number) FROM step WHERE step.trajectory = trajectory.id), 0) AS steps
        FROM trajectory WHERE \(condition) LIMIT ? OFFSET ?
        """, arguments: arguments + [slice.limit, slice.offset]
    ).map { row in
      try AttemptRow(
        task: TaskID(row.value("task") as String), particle: row.value("particle"),
        standing: TrajectoryRecord.Standing(rawValue: row.value("standing")) ?? .final, steps: row.value("steps"),
        reward: row.value("reward"), isDone: row.value("isDone"), logWeight: row.value("logWeight"),
        failure: AttemptFailure(row))
    }
  }

  /// One trajectory with its whole past; nil if it is not stored.
  package func trajectory(
    run: String, task: TaskID, particle: Int, standing: TrajectoryRecord.Standing
  ) async throws(StoreError) -> TrajectoryRecord? {
    if case .culled = standing {
      // Its first steps are stored with those it descends from.
      return try await trajectories(run: run, task: task, culled: true).first {
        $0.particle == particle && $0.standing == standing
      }
    }
    return try await read("read a trajectory of \(task)") { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          \(Self.trajectoriesWithTasks)
          WHERE trajectory.run = ? AND trajectory.task = ? AND trajectory.particle = ? AND trajectory.standing = ?
          """, arguments: [run, task.rawValue, particle, standing.rawValue])
      return try row.map { row in
        let task = try AgentTask(id: task, request: row.value("request"), stepLimit: row.value("stepLimit"))
        return try TrajectoryRecord(
          particle: particle, standing: standing, trajectory: Self.trajectory(row, task: task, from: database),
          logWeight: row.value("logWeight"), failure: AttemptFailure(row))
      }
    }
  }

  /// The stored calls at these places and steps of a task, in their order.
  package func calls(
    run: String, task: TaskID, at places: [(particle: Int, step: Int)]
  ) async throws(StoreError) -> [StoredCall?] {
    try await read("read the calls of \(task)") { database in
      let statement = try database.cachedStatement(
        sql: "SELECT * FROM call WHERE run = ? AND task = ? AND particle = ? AND step = ?")
      return try places.map { place in
        try Row.fetchOne(statement, arguments: [run, task.rawValue, place.particle, place.step]).map {
          try StoredCall(run, task, $0)
        }
      }
    }
  }

  /// All calls of a task.
  package func calls(run: String, task: TaskID) async throws(StoreError) -> [StoredCall] {
    try await read("read the calls of \(task)") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM call WHERE run = ? AND task = ? ORDER BY particle, step",
        arguments: [run, task.rawValue]
      ).map { try StoredCall(run, task, $0) }
    }
  }

  /// All stored outcomes of a task; there are none of worlds in this process.
  package func outcomes(run: String, task: TaskID) async throws(StoreError) -> [OutcomeRecord] {
    try await read("read the outcomes of \(task)") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM outcome WHERE run = ? AND task = ? ORDER BY particle, step",
        arguments: [run, task.rawValue]
      ).map { row in
        try OutcomeRecord(
          key: CallKey(run: run, task: task, particle: row.value("particle"), step: row.value("step")), row)
      }
    }
  }
}

/// A stored call with its time.
package struct StoredCall: Sendable {
  package let answer: AnswerRecord
  /// UTC, in SQLite's format.
  package let answeredAt: String

  fileprivate init(_ run: String, _ task: TaskID, _ row: Row) throws {
    answer = try AnswerRecord(
      key: CallKey(run: run, task: task, particle: row.value("particle"), step: row.value("step")), row)
    answeredAt = try row.value("answeredAt")
  }
}
