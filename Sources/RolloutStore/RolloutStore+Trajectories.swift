import Agents
import Foundation
import GRDB
import ParticleFilter

/// A stored trajectory that was drawn from the frozen policy alone.
public struct Rollout: Sendable {
  /// The id of the run that it is part of.
  public let run: String
  /// Its place in that run's population.
  public let particle: Int
  /// The finished trajectory.
  public let trajectory: Trajectory
}

extension RolloutStore {
  /// Stores the results of a run on one task in one transaction. They replace what the run had stored of these
  /// particles.
  ///
  /// - Parameter stored: records that ``save(culled:run:task:genealogy:)`` has already stored; they are kept.
  package func save(
    run: String, task: AgentTask, trajectories: [TrajectoryRecord], genealogy: Genealogy? = nil,
    tree: SearchTree? = nil,
    stored: [(particle: Int, standing: TrajectoryRecord.Standing)] = []
  ) async throws(StoreError) {
    try await write("store the trajectories of \(task.id)") { database in
      let place: StatementArguments = [run, task.id.rawValue]
      for table in ["checkpoint", "weighing", "tree"] {
        try database.execute(sql: "DELETE FROM \(table) WHERE run = ? AND task = ?", arguments: place)
      }
      // An earlier run may have stored more independent attempts. Those with higher numbers are kept.
      let kept = Set(stored.map { "\($0.particle) \($0.standing.rawValue)" })
      let old = try Row.fetchAll(
        database, sql: "SELECT id, particle, standing FROM trajectory WHERE run = ? AND task = ? AND particle <= ?",
        arguments: place + [trajectories.map(\.particle).max() ?? -1])
      for row in old where !kept.contains("\(row["particle"] as Int) \(row["standing"] as String)") {
        try database.execute(sql: "DELETE FROM trajectory WHERE id = ?", arguments: [row["id"] as Int64])
      }
      for record in trajectories {
        try Self.insert(record, run: run, task: task.id, genealogy: genealogy, into: database)
      }
      if let tree {
        try database.execute(
          sql: "INSERT INTO tree VALUES (?, ?, ?)",
          arguments: place + [String(decoding: try JSONEncoder().encode(tree), as: UTF8.self)])
      }
      for checkpoint in genealogy?.checkpoints ?? [] {
        try Self.insert(checkpoint, run: run, task: task.id, into: database)
      }
    }
  }

  private static func insert(
    _ checkpoint: Checkpoint, run: String, task: TaskID, into database: Database
  ) throws {
    let place: StatementArguments = [run, task.rawValue]
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?, ?)").execute(
      arguments: place + [
        checkpoint.step, checkpoint.effectiveSampleSize, checkpoint.logEvidence.ifFinite, checkpoint.ancestors != nil,
      ])
    let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO weighing VALUES (?, ?, ?, ?, ?, ?, ?)")
    for particle in checkpoint.softValues.indices {
      try statement.execute(
        arguments: place + [
          checkpoint.step, particle, checkpoint.logWeights.values[particle].ifFinite, checkpoint.softValues[particle],
          checkpoint.ancestors?[particle] ?? particle,
        ])
    }
  }

  /// Stores the tree of a frontier search that goes on, for those who look at it meanwhile.
  package func save(tree: SearchTree, run: String, task: TaskID) async throws(StoreError) {
    try await write("store the search tree of \(task)") { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO tree VALUES (?, ?, ?)",
        arguments: [run, task.rawValue, String(decoding: try JSONEncoder().encode(tree), as: UTF8.self)])
    }
  }

  /// Stores the newest checkpoint of a population, for those who look at it meanwhile, and the trajectories that it
  /// culled before they had finished, so that a population need not hold them to its end.
  ///
  /// - Parameter genealogy: the genealogy of the population up to that checkpoint.
  package func save(
    culled records: [TrajectoryRecord], run: String, task: AgentTask, genealogy: Genealogy
  ) async throws(StoreError) {
    try await write("store the trajectories of \(task.id)") { database in
      for record in records {
        // A resumed run culls the same trajectories again.
        try database.execute(
          sql: "DELETE FROM trajectory WHERE run = ? AND task = ? AND particle = ? AND standing = ?",
          arguments: [run, task.id.rawValue, record.particle, record.standing.rawValue])
        try Self.insert(record, run: run, task: task.id, genealogy: genealogy, into: database)
      }
      if let checkpoint = genealogy.checkpoints.last {
        // A run of an earlier version of the settings may have left others behind it.
        for table in ["checkpoint", "weighing"] {
          try database.execute(
            sql: "DELETE FROM \(table) WHERE run = ? AND task = ? AND step >= ?",
            arguments: [run, task.id.rawValue, checkpoint.step])
        }
        try Self.insert(checkpoint, run: run, task: task.id, into: database)
      }
    }
  }

  /// The finished trajectories that the frozen policy produced at a world's tasks of one split, in a stable order.
  /// Failed attempts are left out, and so are rewards out of range in files of earlier versions.
  ///
  /// - Parameter policy: the policy's identity.
  public func rollouts(
    of environment: WorldIdentity, policy: String, split: Split
  ) async throws(StoreError) -> [Rollout] {
    try await read("read rollouts") { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          \(Self.trajectoriesWithTasks)
          WHERE run.isPrior AND run.environmentKind = ? AND run.environmentRules = ? AND run.policy = ?
            AND task.split = ? AND trajectory.failure IS NULL AND trajectory.standing = 'final'
          ORDER BY trajectory.task, trajectory.run, trajectory.particle
          """,
        arguments: [environment.kind, environment.rules, policy, split.rawValue])
      return try rows.compactMap { row in
        let task = try AgentTask(
          id: TaskID(row.value("task")), request: row.value("request"), stepLimit: row.value("stepLimit"))
        let trajectory = try Self.trajectory(row, task: task, from: database)
        guard trajectory.steps.allSatisfy({ Magnitude.isReward($0.outcome.reward) }) else { return nil }
        return try Rollout(run: row.value("run"), particle: row.value("particle"), trajectory: trajectory)
      }
    }
  }

  /// The failed attempts among those that ``rollouts(of:policy:split:)`` reads.
  public func failedAttempts(
    of environment: WorldIdentity, policy: String, split: Split
  ) async throws(StoreError) -> FailedAttempts {
    try await read("count the failed attempts") { database in
      let condition = """
        WHERE run.isPrior AND run.environmentKind = ? AND run.environmentRules = ? AND run.policy = ?
          AND task.split = ? AND trajectory.standing = 'final'
        """
      let arguments: StatementArguments = [environment.kind, environment.rules, policy, split.rawValue]
      let reasons = try Row.fetchAll(
        database,
        sql: """
          SELECT failureKind, COUNT(*) AS count, MIN(failure) AS failure
          FROM (\(Self.trajectoriesWithTasks) \(condition)) WHERE failure IS NOT NULL GROUP BY failureKind
          """, arguments: arguments
      ).compactMap { row in
        let count: Int = try row.value("count")
        return try AttemptFailure(row).map { FailedAttempts.Reason($0.kind, count: count, example: $0.message) }
      }
      let tasks = try Int.fetchOne(
        database,
        sql: """
          SELECT COUNT(*) FROM (
            SELECT task FROM (\(Self.trajectoriesWithTasks) \(condition)) GROUP BY task HAVING COUNT(failure) = COUNT(*))
          """, arguments: arguments)
      return FailedAttempts(reasons, tasks: tasks ?? 0)
    }
  }

  /// The number of rollouts for each policy and split of a world, for messages when some are missing.
  public func inventory(
    of environment: WorldIdentity
  ) async throws(StoreError) -> [(policy: String, split: String, rollouts: Int)] {
    let rows: [[String]] = try await read("read the inventory") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT run.policy, COALESCE(task.split, 'no split') AS split, COUNT(*) AS rollouts
          FROM trajectory JOIN run ON run.id = trajectory.run
          JOIN task ON task.id = trajectory.task AND task.environmentKind = run.environmentKind
            AND task.environmentRules = run.environmentRules
          WHERE run.isPrior AND run.environmentKind = ? AND run.environmentRules = ?
            AND trajectory.failure IS NULL AND trajectory.standing = 'final'
          GROUP BY 1, 2 ORDER BY 1, 2
          """, arguments: [environment.kind, environment.rules]
      ).map { try [$0.value("policy"), $0.value("split"), String($0.value("rollouts") as Int)] }
    }
    return rows.map { ($0[0], $0[1], Int($0[2]) ?? 0) }
  }

  /// The recorded genealogy of a task's population.
  public func genealogy(run: String, task: TaskID) async throws(StoreError) -> Genealogy {
    try await read("read the checkpoints of \(task)") { [path] database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT * FROM weighing WHERE run = ? AND task = ? ORDER BY step, particle",
        arguments: [run, task.rawValue])
      let summaries = try Row.fetchAll(
        database, sql: "SELECT * FROM checkpoint WHERE run = ? AND task = ? ORDER BY step",
        arguments: [run, task.rawValue])
      let steps: [Int] = try rows.map { try $0.value("step") }
      var first = 0
      let checkpoints = try summaries.map { summary in
        let step: Int = try summary.value("step")
        let last = steps[first...].firstIndex { $0 != step } ?? steps.endIndex
        let particles = rows[first..<last]
        first = last
        let isResampled: Bool = try summary.value("isResampled")
        return try Checkpoint(
          step: step, logWeights: LogWeights(particles.map { try $0.value("logWeight") as Double? ?? -.infinity }),
          softValues: particles.map { try $0.value("softValue") },
          ancestors: isResampled ? particles.map { try $0.value("ancestor") } : nil,
          logEvidence: summary.value("logEvidence") as Double? ?? -.infinity)
      }
      let genealogy = Genealogy(count: checkpoints.first?.softValues.count ?? 0, checkpoints: checkpoints)
      guard genealogy.isSound, first == steps.endIndex else {
        throw StoreError.damaged("the checkpoints of \(task) contradict each other", path: path)
      }
      return genealogy
    }
  }

  /// The recorded tree of a frontier search on a task; nil for other methods.
  public func tree(run: String, task: TaskID) async throws(StoreError) -> SearchTree? {
    try await read("read the search tree of \(task)") { [path] database in
      let text = try String.fetchOne(
        database, sql: "SELECT states FROM tree WHERE run = ? AND task = ?", arguments: [run, task.rawValue])
      guard let text else { return nil }
      guard let tree = try? JSONDecoder().decode(SearchTree.self, from: Data(text.utf8)), tree.isSound else {
        throw StoreError.damaged("the search tree of \(task) contradicts itself", path: path)
      }
      return tree
    }
  }

  /// - Parameter genealogy: tells which steps of a culled trajectory are stored with another trajectory.
  static func insert(
    _ record: TrajectoryRecord, run: String, task: TaskID, genealogy: Genealogy?, into database: Database
  ) throws {
    let trajectory = record.trajectory
    var first = 0
    if case .culled(let step) = record.standing {
      first = genealogy?.origin(of: record.particle, before: step)?.step ?? 0
    }
    try database.cachedStatement(
      sql: """
        INSERT INTO trajectory
        (run, task, particle, standing, opening, choices, reward, isDone, logWeight, failure, failureKind)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: [
        run, task.rawValue, record.particle, record.standing.rawValue, trajectory.opening.text,
        try encoded(trajectory.opening.choices), trajectory.reward, trajectory.isDone, record.logWeight?.ifFinite,
        record.failure?.message, record.failure?.kind.rawValue,
      ])
    let id = database.lastInsertedRowID
    let statement = try database.cachedStatement(sql: "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    for (number, step) in trajectory.steps.enumerated().dropFirst(first) {
      try statement.execute(
        arguments: [
          id, number + 1, step.response, step.action.text, step.action.isParsed, step.outcome.observation.text,
          try encoded(step.outcome.observation.choices), step.outcome.reward, step.outcome.isDone,
          step.outcome.isInvalid, try encoded(step.outcome.rewards),
        ])
    }
  }

  /// Trajectories, each with the request of its task.
  static let trajectoriesWithTasks = """
    SELECT trajectory.*, task.request, task.stepLimit
    FROM trajectory JOIN run ON run.id = trajectory.run
    JOIN task ON task.id = trajectory.task AND task.environmentKind = run.environmentKind
      AND task.environmentRules = run.environmentRules
    """

  static func trajectory(_ row: Row, task: AgentTask, from database: Database) throws -> Trajectory {
    let id: Int64 = try row.value("id")
    let steps = try Row.fetchAll(
      database, sql: "SELECT * FROM step WHERE trajectory = ? ORDER BY number", arguments: [id]
    ).map { row in
      let text: String = try row.value("action")
      var outcome = try Outcome(
        Observation(row.value("observation"), choices: decoded(row.value("choices"))), reward: row.value("reward"),
        isDone: row.value("isDone"), isInvalid: row.value("isInvalid"))
      outcome.rewards = try rewards(row)
      return try Step(
        response: row.value("response"), action: row.value("isParsed") ? .act(text) : .unparsable(text),
        outcome: outcome)
    }
    let opening = try Observation(row.value("opening"), choices: decoded(row.value("choices")))
    return Trajectory(task: task, opening: opening, steps: steps)
  }

  /// Named parts of a reward, with sorted names; nil if there are none.
  static func encoded(_ rewards: [String: Double]) throws -> String? {
    guard !rewards.isEmpty else { return nil }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(rewards), as: UTF8.self)
  }

  static func rewards(_ row: Row) throws -> [String: Double] {
    guard let text: String = try row.value("rewards") else { return [:] }
    return try JSONDecoder().decode([String: Double].self, from: Data(text.utf8))
  }

  static func encoded(_ choices: [String]?) throws -> String? {
    try choices.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
  }

  static func encoded(_ question: AskedQuestion?) throws -> String? {
    try question.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
  }

  static func decoded(_ choices: String?) throws -> [String]? {
    try choices.map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
  }
}

extension Double {
  /// SQLite has no portable form for infinities; −∞ is stored as NULL.
  fileprivate var ifFinite: Double? { isFinite ? self : nil }
}

extension AttemptFailure {
  /// nil where a row's `failure` is NULL.
  init?(_ row: Row) throws {
    guard let message: String = try row.value("failure") else { return nil }
    // The kind is NULL, or was written by a later version.
    self.init((try row.value("failureKind") as String?).flatMap(Kind.init) ?? .unknown, message)
  }
}
