import Agents
import GRDB

/// Groups commits: a synchronised commit takes milliseconds, and answers arrive by the hundred.
actor AnswerQueue {
  private let pool: DatabasePool
  private let path: String
  private var waiting: [(answer: AnswerRecord, done: CheckedContinuation<Result<Void, StoreError>, Never>)] = []
  private var isWriting = false

  init(pool: DatabasePool, path: String) {
    self.pool = pool
    self.path = path
  }

  func record(_ answer: AnswerRecord) async throws(StoreError) {
    let result = await withCheckedContinuation { continuation in
      waiting.append((answer, continuation))
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
      let result = await write(batch.map(\.answer))
      for entry in batch { entry.done.resume(returning: result) }
    }
    isWriting = false
  }

  private func write(_ answers: [AnswerRecord]) async -> Result<Void, StoreError> {
    do {
      try await pool.write { database in
        let statement = try database.cachedStatement(
          sql: """
            INSERT OR REPLACE INTO call
            (run, task, particle, step, promptDigest, response,
             inputTokens, cachedInputTokens, outputTokens, reasoningTokens, seconds,
             reasoning, logProbability, cacheWriteTokens, savedInputTokens, attempts, isRefusal)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        for answer in answers {
          let usage = answer.response.usage
          try statement.execute(arguments: [
            answer.key.run, answer.key.task.rawValue, answer.key.particle, answer.key.step, answer.promptDigest,
            answer.response.text, usage.inputTokens, usage.cachedInputTokens, usage.outputTokens,
            usage.reasoningTokens, answer.seconds, answer.response.reasoning, answer.response.logProbability,
            usage.cacheWriteTokens, usage.savedInputTokens, answer.response.attempts, answer.isRefusal,
          ])
        }
      }
      return .success(())
    } catch {
      return .failure(StoreError(error, while: "store an answer", path: path))
    }
  }
}
