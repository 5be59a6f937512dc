import Agents
import Foundation
import GRDB
import ParticleFilter

/// All results of runs in one SQLite file: tasks, trajectories, model calls, checkpoints, ancestors, values.
///
/// Every commit is written ahead (WAL) and synchronised to the disk, so that a killed process loses no stored answer.
public final class RolloutStore: Sendable {
  /// The path of the SQLite file, as given.
  public let path: String
  let pool: any DatabaseWriter
  /// nil if the store was opened for reading only.
  let writing: Writing?
  /// The folder of a private copy, if there is one.
  private let scratch: URL?
  private let answers: StoredShelf<AnswerRecord>
  private let outcomes: StoredShelf<OutcomeRecord>

  /// What writing needs besides the database.
  struct Writing {
    let answers: AnswerQueue
    let watch: StoreWatch
    let lock: StoreLock
  }

  /// Opens a store.
  ///
  /// A store that this process may only read is opened for reading; writing to it throws an error of kind `readOnly`.
  /// - Parameter creating: creates the file, with its folder, if it is missing. If false, a missing file reads as an
  ///   empty store.
  public init(path: String, creating: Bool = true) throws(StoreError) {
    self.path = path
    do {
      let isThere = FileManager.default.fileExists(atPath: path)
      if !isThere, creating { try StoreFile.create(path) }
      let file = isThere || creating ? try StoreFile(path) : nil
      guard let file, file.isWritable else {
        let opened = try file.map(ReadOnlyStore.open) ?? .empty()
        (pool, scratch, writing) = (opened.database, opened.scratch, nil)
        (answers, outcomes) = Self.shelves(of: pool, watch: nil, path: path)
        return
      }
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      configuration.prepareDatabase { database in
        try database.execute(sql: "PRAGMA synchronous = FULL")
      }
      // A database of another program must not be switched to WAL mode just by opening it.
      if isThere {
        var readOnly = configuration
        readOnly.readonly = true
        let queue = try DatabaseQueue(path: file.name, configuration: readOnly)
        try queue.read { if try !Schema.isEmpty($0) { try Schema.check($0, path: path) } }
      }
      let pool = try DatabasePool(path: file.name, configuration: configuration)
      try pool.write { try Schema.prepare($0, path: path) }
      let watch = StoreWatch(file)
      (self.pool, scratch) = (pool, nil)
      (answers, outcomes) = Self.shelves(of: pool, watch: watch, path: path)
      writing = Writing(
        answers: AnswerQueue(pool: pool, watch: watch), watch: watch, lock: StoreLock(file))
    } catch {
      throw StoreError(error, while: "open the store", path: path)
    }
  }

  /// A store that was opened for reading only.
  init(_ opened: ReadOnlyStore, path: String) {
    self.path = path
    (pool, scratch, writing) = (opened.database, opened.scratch, nil)
    (answers, outcomes) = Self.shelves(of: pool, watch: nil, path: path)
  }

  /// Whether the store can be written to; otherwise it was opened for reading only.
  public var isWritable: Bool { writing != nil }

  deinit {
    if let scratch { try? FileManager.default.removeItem(at: scratch) }
  }

  /// Records a run before its first answer. A run that is already recorded stays as it is.
  ///
  /// From then on only this process may write to the store, until it is closed: two processes that ask for the same
  /// answers would both pay for them.
  /// - Throws: ``StoreError`` of kind `busy` if another process has begun a run in the store. The message names that
  ///   process.
  package func begin(_ run: RunRecord) async throws(StoreError) {
    guard let writing else { throw .readOnly(while: "begin a run", path: path) }
    try writing.lock.acquire()
    try await write("note the run") { try Self.insert(run, into: $0) }
  }

  static func insert(_ run: RunRecord, into database: Database) throws {
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

  /// Records the tasks that a run is about to start.
  package func note(
    _ tasks: [AgentTask], split: Split?, of environment: WorldIdentity
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

  /// The stored answer to a call; nil if the call has still to be made.
  package func answer(for key: CallKey) async throws(StoreError) -> AnswerRecord? {
    try await answers.record(at: key)
  }

  private static func shelves(
    of pool: any DatabaseWriter, watch: StoreWatch?, path: String
  ) -> (StoredShelf<AnswerRecord>, StoredShelf<OutcomeRecord>) {
    @Sendable func rows<T: Sendable>(
      _ table: String, _ condition: String, _ arguments: StatementArguments, while action: String,
      _ record: @escaping @Sendable (Row) throws -> T
    ) async throws(StoreError) -> [T] {
      do {
        return try await pool.read { database in
          let statement = try database.cachedStatement(sql: "SELECT * FROM \(table) WHERE \(condition)")
          return try Row.fetchAll(statement, arguments: arguments).map(record)
        }
      } catch {
        throw watch?.explained(error, pool, while: action) ?? StoreError(error, while: action, path: path)
      }
    }
    func shelf<T: Sendable>(
      _ table: String, while action: String, key: @escaping @Sendable (T) -> CallKey,
      _ record: @escaping @Sendable (CallKey, Row) throws -> T
    ) -> StoredShelf<T> {
      StoredShelf(key: key) { run, task throws(StoreError) in
        try await rows(table, "run = ? AND task = ?", [run, task.rawValue], while: action) { row in
          try record(CallKey(run: run, task: task, particle: row.value("particle"), step: row.value("step")), row)
        }
      } readOne: { key throws(StoreError) in
        try await rows(
          table, "run = ? AND task = ? AND particle = ? AND step = ?",
          [key.run, key.task.rawValue, key.particle, key.step], while: action
        ) { try record(key, $0) }.first
      }
    }
    return (
      shelf("call", while: "read an answer", key: \.key) { try AnswerRecord(key: $0, $1) },
      shelf("outcome", while: "read an outcome", key: \.key) { try OutcomeRecord(key: $0, $1) }
    )
  }

  /// Stores an answer. On return it is on the disk. Answers that arrive during a commit share the next one.
  package func record(_ answer: AnswerRecord) async throws(StoreError) {
    guard let writing else { throw .readOnly(while: "store an answer", path: path) }
    try await writing.answers.record(.answer(answer, answer.prompt.map(StoredPrompt.init)))
    await answers.note(answer)
  }

  /// The prompt of a stored call as it was sent; nil where an older version stored the call, and for a question of an agent's
  /// own program.
  public func prompt(of key: CallKey) async throws(StoreError) -> [PromptPart]? {
    try await read("read a prompt") { database in
      let id = try Int64.fetchOne(
        database, sql: "SELECT prompt FROM call WHERE run = ? AND task = ? AND particle = ? AND step = ?",
        arguments: [key.run, key.task.rawValue, key.particle, key.step])
      return try id.map { try StoredPrompt.parts(endingWith: $0, database) }
    }
  }

  /// The stored outcome at a step of a run; nil if the world has still to be asked.
  package func outcome(for key: CallKey) async throws(StoreError) -> OutcomeRecord? {
    try await outcomes.record(at: key)
  }

  /// Stores a world's outcome. On return it is on the disk.
  package func record(_ outcome: OutcomeRecord) async throws(StoreError) {
    guard let writing else { throw .readOnly(while: "store an outcome", path: path) }
    try await writing.answers.record(.outcome(outcome))
    await outcomes.note(outcome)
  }

  /// The number of answers stored for a run, and their usage, by task.
  package func spent(run: String) async throws(StoreError) -> [TaskID: (calls: Int, usage: Usage)] {
    try await read("sum up the answers") { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          \(Self.sums), task FROM call WHERE run = ? AND NOT isRefusal GROUP BY task
          """, arguments: [run])
      return try rows.reduce(into: [:]) { try $0[TaskID($1.value("task") as String)] = ($1.value("calls"), Usage($1)) }
    }
  }

  /// The number of answers of the frozen policy in a world, and their tokens.
  public func usage(
    of environment: WorldIdentity, policy: String
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
      return try (row.value("calls"), Usage(row))
    }
  }

  static let sums = """
    SELECT COUNT(*) AS calls, TOTAL(inputTokens) AS input, TOTAL(cachedInputTokens) AS cached,
      TOTAL(cacheWriteTokens) AS written, TOTAL(outputTokens) AS output, TOTAL(reasoningTokens) AS reasoning,
      TOTAL(savedInputTokens) AS saved, TOTAL(estimatedTokens) AS estimated, TOTAL(cutOffAnswers) AS cutOff
    """

  /// Passes every answer of the runs of one policy to `body`, in a stable order. Used to make a recording. `body` runs
  /// on a thread of the store.
  package func eachAnswer(
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
        let key = try CallKey(
          run: row.value("run"), task: TaskID(row.value("task")), particle: row.value("particle"),
          step: row.value("step"))
        try body(AnswerRecord(key: key, row))
      }
    }
  }

  /// The policies with runs in this store, and their action formats if known. A critic's run has none.
  public func policies() async throws(StoreError) -> [(identity: String, format: ActionFormat?)] {
    let rows: [[String?]] = try await read("read the policies") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT policy, MAX(format) AS format FROM run WHERE policy <> '' GROUP BY policy ORDER BY policy
          """
      ).map { try [$0.value("policy"), $0.value("format")] }
    }
    return rows.map { ($0[0] ?? "", $0[1].flatMap(ActionFormat.init)) }
  }

  func write(
    _ action: String, _ body: @escaping @Sendable (Database) throws -> Void
  ) async throws(StoreError) {
    guard let writing else { throw .readOnly(while: action, path: path) }
    do { try await pool.write(body) } catch { throw writing.watch.explained(error, pool, while: action) }
    try writing.watch.check(pool)
  }

  func read<T: Sendable>(
    _ action: String, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(StoreError) -> T {
    do { return try await pool.read(body) } catch {
      throw writing?.watch.explained(error, pool, while: action) ?? StoreError(error, while: action, path: path)
    }
  }
}

extension Usage {
  /// Reads a row of sums.
  init(_ row: Row) throws {
    try self.init(
      inputTokens: row.value("input"), cachedInputTokens: row.value("cached"), cacheWriteTokens: row.value("written"),
      outputTokens: row.value("output"), reasoningTokens: row.value("reasoning"), savedInputTokens: row.value("saved"),
      estimatedTokens: row.value("estimated"), cutOffAnswers: row.value("cutOff"))
  }
}

extension AnswerRecord {
  init(key: CallKey, _ row: Row) throws {
    var response = try PolicyResponse(
      row.value("response"), reasoning: row.value("reasoning"), logProbability: row.value("logProbability"),
      usage: Usage(
        inputTokens: row.value("inputTokens"), cachedInputTokens: row.value("cachedInputTokens"),
        cacheWriteTokens: row.value("cacheWriteTokens"), outputTokens: row.value("outputTokens"),
        reasoningTokens: row.value("reasoningTokens"), savedInputTokens: row.value("savedInputTokens"),
        estimatedTokens: row.value("estimatedTokens"), cutOffAnswers: row.value("cutOffAnswers")),
      attempts: row.value("attempts"))
    response.continuation = try row.value("continuation")
    try self.init(
      key: key, promptDigest: row.value("promptDigest"), response: response, seconds: row.value("seconds"),
      isRefusal: row.value("isRefusal"))
  }
}

extension OutcomeRecord {
  init(key: CallKey, _ row: Row) throws {
    var observation = try Observation(
      row.value("observation"), choices: RolloutStore.decoded(row.value("choices")))
    observation.question = try (row.value("question") as String?).map {
      try JSONDecoder().decode(AskedQuestion.self, from: Data($0.utf8))
    }
    var outcome = try Outcome(
      observation, reward: row.value("reward"), isDone: row.value("isDone"), isInvalid: row.value("isInvalid"))
    outcome.rewards = try RolloutStore.rewards(row)
    try self.init(
      key: key, past: row.value("past"), action: row.value("action"), outcome: outcome, failure: AttemptFailure(row))
  }
}
