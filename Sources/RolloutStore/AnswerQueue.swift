import Agents
import GRDB

/// Writes queued answers in one commit. A synchronised commit takes milliseconds, and models and worlds answer by the
/// hundred.
actor AnswerQueue {
  enum Entry: Sendable {
    case answer(AnswerRecord, StoredPrompt?)
    case outcome(OutcomeRecord)
  }

  private let pool: any DatabaseWriter
  private let watch: StoreWatch
  private var waiting: [(entry: Entry, done: CheckedContinuation<Result<Void, StoreError>, Never>)] = []
  private var isWriting = false

  init(pool: any DatabaseWriter, watch: StoreWatch) {
    self.pool = pool
    self.watch = watch
  }

  func record(_ entry: Entry) async throws(StoreError) {
    let result = await withCheckedContinuation { continuation in
      waiting.append((entry, continuation))
      if !isWriting {
        isWriting = true
        Task { await self.drain() }
      }
    }
    try result.get()
  }

  private func drain() async {
    while !waiting.isEmpty {
      let batch = waiting
      waiting = []
      let result = await write(batch.map(\.entry))
      for entry in batch { entry.done.resume(returning: result) }
    }
    isWriting = false
  }

  private func write(_ entries: [Entry]) async -> Result<Void, StoreError> {
    do {
      try await pool.write { database in
        for entry in entries {
          switch entry {
          case .answer(let answer, let prompt): try Self.insert(answer, prompt, into: database)
          case .outcome(let outcome): try Self.insert(outcome, into: database)
          }
        }
      }
      try watch.check(pool)
      return .success(())
    } catch {
      return .failure(watch.explained(error, pool, while: "store an answer"))
    }
  }

  static func insert(_ answer: AnswerRecord, _ prompt: StoredPrompt?, into database: Database) throws {
    let usage = answer.response.usage
    let prompt = try prompt?.insert(into: database)
    try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO call
        (run, task, particle, step, promptDigest, response,
         inputTokens, cachedInputTokens, outputTokens, reasoningTokens, seconds,
         reasoning, logProbability, cacheWriteTokens, savedInputTokens, attempts, isRefusal,
         estimatedTokens, cutOffAnswers, continuation, prompt)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      answer.key.run, answer.key.task.rawValue, answer.key.particle, answer.key.step, answer.promptDigest,
      answer.response.text, usage.inputTokens, usage.cachedInputTokens, usage.outputTokens,
      usage.reasoningTokens, answer.seconds, answer.response.reasoning, answer.response.logProbability,
      usage.cacheWriteTokens, usage.savedInputTokens, answer.response.attempts, answer.isRefusal,
      usage.estimatedTokens, usage.cutOffAnswers, answer.response.continuation, prompt,
    ])
  }

  static func insert(_ record: OutcomeRecord, into database: Database) throws {
    let outcome = record.outcome
    try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      record.key.run, record.key.task.rawValue, record.key.particle, record.key.step, record.past, record.action,
      outcome.observation.text, try RolloutStore.encoded(outcome.observation.choices), outcome.reward,
      outcome.isDone, outcome.isInvalid, record.failure?.kind.rawValue, record.failure?.message,
      try RolloutStore.encoded(outcome.observation.question), try RolloutStore.encoded(outcome.rewards),
    ])
  }
}
