import Agents
import Foundation
import GRDB

/// What a merge has added to a store.
public struct MergeReport: Sendable, Hashable, Codable {
  /// What one table had and got.
  public struct Count: Sendable, Hashable, Codable {
    /// Rows that the store did not have.
    public var added = 0
    /// Rows that it had already, the same.
    public var known = 0

    /// No rows.
    public init() {}

    init(added: Int, known: Int) { (self.added, self.known) = (added, known) }
  }

  /// The store that was merged.
  public let store: String
  /// Model calls, by their place in a run.
  public var calls = Count()
  /// Outcomes of worlds, likewise.
  public var outcomes = Count()
  /// Attempts, culled ones included.
  public var trajectories = Count()
}

extension RolloutStore {
  /// Adds everything of another store to this one. The same answer is kept once.
  ///
  /// Nothing is added if the stores contradict each other: two answers at one place of a run, or two kinds of task
  /// under one name. Of a frontier search that went further in one store, the longer is kept.
  /// - Parameter other: the path of a store that no process writes to.
  /// - Throws: ``StoreError`` of kind `conflict` with the first contradiction.
  public func merge(_ other: String) async throws(StoreError) -> MergeReport {
    guard let writing else { throw .readOnly(while: "merge a store into it", path: path) }
    try writing.lock.acquire()
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-merge-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let source = try Self.mergeable(other, into: path, scratch: scratch)
    do {
      let report = try await pool.writeWithoutTransaction { database in
        try database.execute(sql: "ATTACH DATABASE ? AS other", arguments: [source])
        defer { try? database.execute(sql: "DETACH DATABASE other") }
        var report = MergeReport(store: other)
        try database.inTransaction {
          report = try Self.merge(into: database, other)
          return .commit
        }
        return report
      }
      return report
    } catch {
      throw StoreError(error, while: "merge \(other) into the store", path: path)
    }
  }

  /// The path of a store in the present version: its own, or a copy that was brought up to date.
  private static func mergeable(_ path: String, into target: String, scratch: URL) throws(StoreError) -> String {
    guard FileManager.default.fileExists(atPath: path) else {
      throw StoreError(.failed, "There is no store \(path). Give the path of a file that cox has written.")
    }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      let file = try StoreFile(path)
      guard try StoreFile(target).name != file.name else {
        throw StoreError(.failed, "\(path) is the store that the others are merged into: leave it out of the list.")
      }
      let opened = try file.isWritable ? nil : ReadOnlyStore.open(file)
      defer { if let copy = opened?.scratch { try? FileManager.default.removeItem(at: copy) } }
      let queue: any DatabaseReader =
        try opened?.database ?? DatabaseQueue(path: file.name, configuration: configuration)
      let isCurrent = try queue.read { try Schema.isCurrent($0, path: path) }
      if isCurrent, file.isWritable { return file.name }
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
      let copy = scratch.appendingPathComponent("store.sqlite").path
      let target = try DatabaseQueue(path: copy)
      try queue.backup(to: target)
      try target.write { try Schema.prepare($0, path: path) }
      return copy
    } catch {
      throw StoreError(error, while: "open the store", path: path)
    }
  }

  /// A table whose rows are copied as they are, by their key.
  private struct Table {
    let name: String
    let key: [String]
    /// The columns that must be the same in both stores.
    var compared: [String] = []

    /// That two rows, `a` and `b`, have the same key.
    var sameKey: String { key.map { "a.\($0) = b.\($0)" }.joined(separator: " AND ") }
    /// That they differ in what is compared.
    var differs: String { compared.map { "a.\($0) IS NOT b.\($0)" }.joined(separator: " OR ") }
  }

  private static let place = ["run", "task", "particle", "step"]
  private static let runs = Table(
    name: "run", key: ["id"],
    compared: ["environmentKind", "environmentRules", "policy", "critic", "isPrior", "seed", "method", "format"])
  private static let tasks = Table(
    name: "task", key: ["environmentKind", "environmentRules", "id"], compared: ["request"])
  private static let calls = Table(
    name: "call", key: place, compared: ["promptDigest", "response", "isRefusal", "continuation"])
  private static let outcomes = Table(
    name: "outcome", key: place,
    compared: [
      "past", "action", "observation", "choices", "reward", "isDone", "isInvalid", "failureKind", "question", "rewards",
    ])
  private static let trajectories = Table(
    name: "trajectory", key: ["run", "task", "particle", "standing"],
    compared: ["opening", "reward", "isDone", "logWeight", "failureKind"])
  private static let pieces = Table(name: "piece", key: ["id"], compared: ["text"])
  private static let prompts = Table(name: "prompt", key: ["id"], compared: ["parent", "role", "text", "piece"])
  /// What follows from answers, and is written again by the command that continues a run.
  private static let derived = [
    Table(name: "checkpoint", key: ["run", "task", "step"]),
    Table(name: "weighing", key: place),
    Table(name: "score", key: ["run", "task", "particle", "scorer"]),
  ]

  private static func merge(into database: Database, _ path: String) throws -> MergeReport {
    let check = try String.fetchOne(database, sql: "PRAGMA other.quick_check(1)") ?? ""
    guard check == "ok" else { throw StoreError(.damaged, "\(path) is damaged: \(check). It was not merged.") }
    for table in [runs, tasks, calls, outcomes, trajectories, pieces, prompts] {
      try refuseConflict(in: table, path, database)
    }
    var report = MergeReport(store: path)
    _ = try copy(runs, database)
    _ = try copy(tasks, database)
    // A split that only one of them knows.
    try database.execute(
      sql: """
        UPDATE task AS a SET split = COALESCE(a.split, b.split), stepLimit = MAX(a.stepLimit, b.stepLimit)
        FROM other.task AS b WHERE \(tasks.sameKey)
        """)
    _ = try copy(pieces, database)
    _ = try copy(prompts, database)
    report.calls = try copy(calls, database)
    report.outcomes = try copy(outcomes, database)
    report.trajectories = try copyTrajectories(database)
    for table in derived { _ = try copy(table, database) }
    try database.execute(
      sql: """
        INSERT INTO tree (run, task, states) SELECT run, task, states FROM other.tree WHERE true
        ON CONFLICT (run, task) DO UPDATE SET states = excluded.states WHERE length(excluded.states) > length(states)
        """)
    return report
  }

  /// Copies the rows that are new, and checks that all rows of the other store are there afterwards.
  private static func copy(_ table: Table, _ database: Database) throws -> MergeReport.Count {
    let names = try database.columns(in: table.name).map(\.name).joined(separator: ", ")
    try database.execute(
      sql: """
        INSERT INTO main.\(table.name) (\(names)) SELECT \(names) FROM other.\(table.name) AS a
        WHERE NOT EXISTS (SELECT 1 FROM main.\(table.name) AS b WHERE \(table.sameKey))
        """)
    return try checked(table, added: database.changesCount, database)
  }

  /// Trajectories are numbered anew, and their steps with them.
  private static func copyTrajectories(_ database: Database) throws -> MergeReport.Count {
    let table = trajectories
    let last = try Int64.fetchOne(database, sql: "SELECT COALESCE(MAX(id), 0) FROM main.trajectory") ?? 0
    let names = try database.columns(in: table.name).map(\.name).filter { $0 != "id" }.joined(separator: ", ")
    try database.execute(
      sql: """
        INSERT INTO main.trajectory (\(names)) SELECT \(names) FROM other.trajectory AS a
        WHERE NOT EXISTS (SELECT 1 FROM main.trajectory AS b WHERE \(table.sameKey)) ORDER BY a.id
        """)
    let added = database.changesCount
    let columns = try database.columns(in: "step").map(\.name).filter { $0 != "trajectory" }
    try database.execute(
      sql: """
        INSERT INTO main.step (trajectory, \(columns.joined(separator: ", ")))
        SELECT a.id, \(columns.map { "s.\($0)" }.joined(separator: ", "))
        FROM other.trajectory AS b JOIN main.trajectory AS a ON \(table.sameKey) JOIN other.step AS s ON s.trajectory = b.id
        WHERE a.id > ?
        """, arguments: [last])
    return try checked(table, added: added, database)
  }

  private static func checked(
    _ table: Table, added: Int, _ database: Database
  ) throws -> MergeReport.Count {
    let there = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM other.\(table.name)") ?? 0
    let found =
      try Int.fetchOne(
        database,
        sql: "SELECT COUNT(*) FROM other.\(table.name) AS a JOIN main.\(table.name) AS b ON \(table.sameKey)") ?? 0
    guard found == there else {
      throw StoreError(
        .failed, "Of \(there) rows of the table \(table.name) only \(found) were merged. Nothing was kept.")
    }
    return MergeReport.Count(added: added, known: there - added)
  }

  private static func refuseConflict(in table: Table, _ path: String, _ database: Database) throws {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT \(table.key.map { "a.\($0)" }.joined(separator: " || ' / ' || ")) AS place,
          \(table.compared.map { "a.\($0) AS own_\($0), b.\($0) AS other_\($0)" }.joined(separator: ", "))
        FROM main.\(table.name) AS a JOIN other.\(table.name) AS b ON \(table.sameKey)
        WHERE \(table.differs) LIMIT 1
        """)
    guard let row else { return }
    func shown(_ column: String) -> String {
      let value: DatabaseValue = row[column]
      return value.isNull ? "nothing" : "\"\((String.fromDatabaseValue(value) ?? "\(value)").clipped(to: 100))\""
    }
    let place: String = row["place"] ?? ""
    let column =
      table.compared.first { (row["own_\($0)"] as DatabaseValue) != (row["other_\($0)"] as DatabaseValue) } ?? ""
    throw StoreError(
      .conflict,
      """
      \(path) contradicts the store in the table \(table.name) at \(place.clipped(to: 200)): its \(column) is \
      \(shown("other_\(column)")), and the store has \(shown("own_\(column)")). Nothing of it was merged. Both have worked on the \
      same task of the same run: give each shard its own share of the tasks, and keep its store between starts.
      """)
  }
}
