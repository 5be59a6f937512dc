import Agents
import Foundation
import GRDB
import ParticleFilter

/// Everything a run finds out, in one SQLite file: tasks, trajectories, model calls, checkpoints, ancestors, values.
///
/// Written ahead (WAL) with every commit synchronised to the disk, so that a killed process loses no stored answer.
public final class RolloutStore: Sendable {
  public let path: String
  let pool: DatabasePool
  private let answers: AnswerQueue
  private let lock: StoreLock

  /// Opens a store, or creates it with its folder.
  public init(path: String) throws(StoreError) {
    self.path = path
    do {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      configuration.prepareDatabase { database in
        try database.execute(sql: "PRAGMA synchronous = FULL")
      }
      // Another program's database must not be turned into WAL mode by looking at it.
      if FileManager.default.fileExists(atPath: path) {
        var readOnly = configuration
        readOnly.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: readOnly)
        try queue.read { if try !Schema.isEmpty($0) { try Schema.check($0, path: path) } }
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      try pool.write { try Schema.prepare($0, path: path) }
      answers = AnswerQueue(pool: pool, path: path)
      lock = StoreLock(store: path)
    } catch {
      throw StoreError(error, while: "open the store", path: path)
    }
  }

  /// Notes a run before its first answer. A run already noted stays as it is.
  ///
  /// From then on the store is this process's to write to, until it is closed: two that ask for the same answers would both
  /// pay for them.
  /// - Throws: ``StoreError`` of kind `busy` where another process has begun a run in it, saying which.
  public func begin(_ run: RunRecord) async throws(StoreError) {
    try lock.acquire()
    try await write("note the run") { database in
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO run
          (id, verb, method, environmentKind, environmentRules, policy, format, critic, isPrior, seed, settings)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          run.id, run.verb, run.method, run.environment.kind, run.environment.rules, run.policy, run.format.rawValue,
          run.critic, run.isPrior, Int64(bitPattern: run.seed), run.settings,
        ])
    }
  }

  /// Notes the tasks that a run is about to take up.
  public func note(
    _ tasks: [AgentTask], split: Split?, of environment: EnvironmentIdentity
  ) async throws(StoreError) {
    try await write("note the tasks") { database in
      for task in tasks {
        try database.execute(
          sql: """
            INSERT INTO task (environmentKind, environmentRules, id, split, request, stepLimit)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET split = COALESCE(excluded.split, split), stepLimit = excluded.stepLimit
            """,
          arguments: [
            environment.kind, environment.rules, task.id.rawValue, split?.rawValue, task.request, task.stepLimit,
          ])
      }
    }
  }

  /// The stored answer to a call, or nil where it has still to be asked.
  public func answer(for key: CallKey) async throws(StoreError) -> AnswerRecord? {
    try await read("read an answer") { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM call WHERE run = ? AND task = ? AND particle = ? AND step = ?",
        arguments: [key.run, key.task.rawValue, key.particle, key.step]
      ).map { row in AnswerRecord(key: key, row) }
    }
  }

  /// Stores an answer; on return it is on the disk. Answers that arrive while others are written share one commit.
  public func record(_ answer: AnswerRecord) async throws(StoreError) {
    try await answers.record(.answer(answer))
  }

  /// What a world answered at a place of a run, or nil where it has still to be asked.
  public func outcome(for key: CallKey) async throws(StoreError) -> OutcomeRecord? {
    try await read("read an outcome") { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM outcome WHERE run = ? AND task = ? AND particle = ? AND step = ?",
        arguments: [key.run, key.task.rawValue, key.particle, key.step]
      ).map { row in
        OutcomeRecord(
          key: key, past: row["past"], action: row["action"],
          outcome: Outcome(
            Observation(row["observation"], choices: try Self.decoded(row["choices"])), reward: row["reward"],
            isDone: row["isDone"], isInvalid: row["isInvalid"]))
      }
    }
  }

  /// Stores what a world answered; on return it is on the disk.
  public func record(_ outcome: OutcomeRecord) async throws(StoreError) {
    try await answers.record(.outcome(outcome))
  }

  /// How many answers are stored for a run, and what they cost, by task.
  public func spent(run: String) async throws(StoreError) -> [TaskID: (calls: Int, usage: Usage)] {
    try await read("sum up the answers") { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          \(Self.sums), task FROM call WHERE run = ? AND NOT isRefusal GROUP BY task
          """, arguments: [run])
      return Dictionary(
        uniqueKeysWithValues: rows.map { (TaskID($0["task"] as String), ($0["calls"], Usage($0))) })
    }
  }

  /// How many answers the frozen policy gave in a world, by itself, and what they took.
  public func usage(
    of environment: EnvironmentIdentity, policy: String
  ) async throws(StoreError) -> (calls: Int, usage: Usage) {
    try await read("sum up the answers") { database in
      guard
        let row = try Row.fetchOne(
          database,
          sql: """
            \(Self.sums) FROM call JOIN run ON run.id = call.run
            WHERE run.isPrior AND run.environmentKind = ? AND run.environmentRules = ? AND run.policy = ? AND NOT isRefusal
            """, arguments: [environment.kind, environment.rules, policy])
      else { return (0, Usage()) }
      return (row["calls"], Usage(row))
    }
  }

  private static let sums = """
    SELECT COUNT(*) AS calls, TOTAL(inputTokens) AS input, TOTAL(cachedInputTokens) AS cached,
      TOTAL(cacheWriteTokens) AS written, TOTAL(outputTokens) AS output, TOTAL(reasoningTokens) AS reasoning,
      TOTAL(savedInputTokens) AS saved, TOTAL(cutOffAnswers) AS cutOff
    """

  /// Every answer of the runs of one policy, in a stable order, for a recording.
  ///
  /// - Returns: what `body` made of each; it is called in order, on a thread of the store.
  public func eachAnswer(
    policy: String, _ body: @escaping @Sendable (AnswerRecord) throws -> Void
  ) async throws {
    try await pool.read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT call.* FROM call JOIN run ON run.id = call.run WHERE run.policy = ?
          ORDER BY call.run, call.task, call.particle, call.step
          """, arguments: [policy])
      while let row = try rows.next() {
        let key = CallKey(
          run: row["run"], task: TaskID(row["task"]), particle: row["particle"], step: row["step"])
        try body(AnswerRecord(key: key, row))
      }
    }
  }

  /// The policies that have runs here, with how their actions are written where the store knows. A critic's run has none.
  public func policies() async throws(StoreError) -> [(identity: String, format: ActionFormat?)] {
    let rows: [[String?]] = try await read("read the policies") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT policy, MAX(format) AS format FROM run WHERE policy <> '' GROUP BY policy ORDER BY policy
          """
      ).map { [$0["policy"], $0["format"]] }
    }
    return rows.map { ($0[0] ?? "", $0[1].flatMap(ActionFormat.init)) }
  }

  func write(
    _ action: String, _ body: @escaping @Sendable (Database) throws -> Void
  ) async throws(StoreError) {
    do { try await pool.write(body) } catch { throw StoreError(error, while: action, path: path) }
  }

  func read<T: Sendable>(
    _ action: String, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(StoreError) -> T {
    do { return try await pool.read(body) } catch { throw StoreError(error, while: action, path: path) }
  }
}

extension Usage {
  /// Of a row of sums.
  fileprivate init(_ row: Row) {
    self.init(
      inputTokens: row["input"], cachedInputTokens: row["cached"], cacheWriteTokens: row["written"],
      outputTokens: row["output"], reasoningTokens: row["reasoning"], savedInputTokens: row["saved"],
      cutOffAnswers: row["cutOff"])
  }
}

extension AnswerRecord {
  init(key: CallKey, _ row: Row) {
    var response = PolicyResponse(
      row["response"], reasoning: row["reasoning"], logProbability: row["logProbability"],
      usage: Usage(
        inputTokens: row["inputTokens"], cachedInputTokens: row["cachedInputTokens"],
        cacheWriteTokens: row["cacheWriteTokens"], outputTokens: row["outputTokens"],
        reasoningTokens: row["reasoningTokens"], savedInputTokens: row["savedInputTokens"],
        cutOffAnswers: row["cutOffAnswers"]),
      attempts: row["attempts"])
    response.continuation = row["continuation"]
    self.init(
      key: key, promptDigest: row["promptDigest"], response: response, seconds: row["seconds"],
      isRefusal: row["isRefusal"])
  }
}
