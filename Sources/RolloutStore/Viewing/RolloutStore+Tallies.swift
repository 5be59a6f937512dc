import Agents
import GRDB

/// A run as it is recorded, also before its first trajectory.
package struct RecordedRun: Sendable {
  package let record: RunRecord
  /// UTC, in SQLite's format.
  package let startedAt: String
}

/// What the trajectories of one task of a run sum up to.
package struct TrajectoryTally: Sendable, Hashable {
  /// Those of the final population.
  package var final = 0
  /// Those that finished and were culled later.
  package var banked = 0
  /// Those that were culled before they had finished.
  package var culled = 0
  package var failed = 0
  /// Of those that did not fail and were not culled unfinished; nil if there are none.
  package var rewardBest: Double?
  package var rewardMean: Double?
  /// The largest row id. It grows when trajectories are stored again.
  package var last: Int64 = 0

  package init() {}
}

/// What the calls of one task of a run sum up to.
package struct CallTally: Sendable, Hashable {
  package var calls = 0
  package var usage = Usage()
  /// The sum of their latencies.
  package var seconds = 0.0
  /// UTC, in SQLite's format.
  package var lastAt: String?

  package init() {}

  package static func += (a: inout CallTally, b: CallTally) {
    a.calls += b.calls
    a.usage += b.usage
    a.seconds += b.seconds
    a.lastAt = [a.lastAt, b.lastAt].compactMap(\.self).max()
  }
}

extension RolloutStore {
  /// All runs, those of critics included, the newest first.
  package func recordedRuns() async throws(StoreError) -> [RecordedRun] {
    try await read("list the runs") { database in
      try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY startedAt DESC, rowid DESC").map {
        try RecordedRun(record: RunRecord($0), startedAt: $0.value("startedAt"))
      }
    }
  }

  /// The number of a run's trajectories and their largest row id, by run. Reads an index alone.
  package func trajectoryMarks() async throws(StoreError) -> [String: (count: Int, last: Int64)] {
    try await read("count the trajectories") { database in
      try Row.fetchAll(database, sql: "SELECT run, COUNT(*) AS count, MAX(id) AS last FROM trajectory GROUP BY run")
        .reduce(into: [:]) { try $0[$1.value("run")] = ($1.value("count"), $1.value("last")) }
    }
  }

  /// The trajectories of a run by task.
  package func trajectoryTallies(ofRun run: String) async throws(StoreError) -> [TaskID: TrajectoryTally] {
    try await read("sum up the trajectories") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT task, COUNT(*) AS count, SUM(standing = 'final') AS final, SUM(standing = 'banked') AS banked,
            COUNT(failure) AS failed, MAX(id) AS last,
            MAX(reward) FILTER (WHERE failure IS NULL AND standing IN ('final', 'banked')) AS best,
            AVG(reward) FILTER (WHERE failure IS NULL AND standing = 'final') AS mean
          FROM trajectory WHERE run = ? GROUP BY task
          """, arguments: [run]
      ).reduce(into: [:]) { tallies, row in
        var tally = TrajectoryTally()
        tally.final = try row.value("final")
        tally.banked = try row.value("banked")
        tally.culled = try row.value("count") - tally.final - tally.banked
        tally.failed = try row.value("failed")
        tally.rewardBest = try row.value("best")
        tally.rewardMean = try row.value("mean")
        tally.last = try row.value("last")
        try tallies[TaskID(row.value("task") as String)] = tally
      }
    }
  }

  /// The tasks of a run with calls. It seeks from task to task and reads no answer.
  package func calledTasks(ofRun run: String) async throws(StoreError) -> [TaskID] {
    try await read("list the tasks") { database in
      try String.fetchAll(
        database,
        sql: """
          WITH RECURSIVE called(task) AS (
            SELECT MIN(task) FROM call WHERE run = ?1
            UNION ALL SELECT (SELECT MIN(task) FROM call WHERE run = ?1 AND task > called.task)
            FROM called WHERE called.task IS NOT NULL)
          SELECT task FROM called WHERE task IS NOT NULL
          """, arguments: [run]
      ).map { TaskID($0) }
    }
  }

  /// The calls of a run by task.
  ///
  /// - Parameter tasks: nil for all; a run of a critic has a task for every text.
  package func callTallies(
    ofRun run: String, tasks: [TaskID]? = nil
  ) async throws(StoreError) -> [TaskID: CallTally] {
    try await read("sum up the calls") { database in
      var tallies: [TaskID: CallTally] = [:]
      if let tasks {
        let statement = try database.cachedStatement(
          sql: "\(Self.sums), TOTAL(seconds) AS seconds, MAX(answeredAt) AS lastAt FROM call WHERE run = ? AND task = ?"
        )
        for task in tasks {
          if let row = try Row.fetchOne(statement, arguments: [run, task.rawValue]) {
            tallies[task] = try CallTally(row)
          }
        }
        return tallies
      }
      let rows = try Row.fetchCursor(
        database,
        sql: """
          \(Self.sums), TOTAL(seconds) AS seconds, MAX(answeredAt) AS lastAt, task FROM call WHERE run = ? GROUP BY task
          """, arguments: [run])
      while let row = try rows.next() { try tallies[TaskID(row.value("task") as String)] = CallTally(row) }
      return tallies
    }
  }

  /// All calls of a run together.
  package func callTally(ofRun run: String) async throws(StoreError) -> CallTally {
    try await read("sum up the calls") { database in
      let row = try Row.fetchOne(
        database, sql: "\(Self.sums), TOTAL(seconds) AS seconds, MAX(answeredAt) AS lastAt FROM call WHERE run = ?",
        arguments: [run])
      return try row.map { try CallTally($0) } ?? CallTally()
    }
  }

  /// The tasks of a world by name.
  package func requests(
    _ tasks: [TaskID], of world: WorldIdentity
  ) async throws(StoreError) -> [TaskID: (task: AgentTask, split: String?)] {
    try await read("read the tasks") { database in
      let statement = try database.cachedStatement(
        sql: "SELECT * FROM task WHERE environmentKind = ? AND environmentRules = ? AND id = ?")
      return try tasks.reduce(into: [:]) { found, id in
        guard let row = try Row.fetchOne(statement, arguments: [world.kind, world.rules, id.rawValue]) else { return }
        let task = try AgentTask(id: id, request: row.value("request"), stepLimit: row.value("stepLimit"))
        found[id] = (task, try row.value("split"))
      }
    }
  }
}

extension CallTally {
  fileprivate init(_ row: Row) throws {
    calls = try row.value("calls")
    usage = try Usage(row)
    seconds = try row.value("seconds")
    lastAt = try row.value("lastAt")
  }
}
