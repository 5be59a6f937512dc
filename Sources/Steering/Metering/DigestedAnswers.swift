import Agents
import RolloutStore
import Synchronization

/// Answers of a critic, an embedder or another server in the store, under a digest of the text that they are about. Each
/// is asked for once.
package struct DigestedAnswers: Sendable {
  private let store: RolloutStore
  private let record: RunRecord
  private let hasBegun = Begun()

  private final class Begun: Sendable {
    let isSet = Mutex(false)
  }

  /// - Parameters:
  ///   - identity: names who answers. Another identity has other answers.
  ///   - verb: the verb of the run that the answers are stored under.
  package init(of identity: String, verb: String, store: RolloutStore, environment: WorldIdentity) {
    self.store = store
    // Without a policy, so that the run is not taken for a recording of one.
    record = RunRecord(
      id: Self.digest(verb, identity), verb: verb, method: verb, environment: environment, policy: "", format: .plain,
      critic: identity, isPrior: false, seed: 0, settings: "{}")
  }

  /// The answers about some texts, in order.
  ///
  /// - Parameters:
  ///   - read: reads a stored answer; nil for an invalid one, which is asked for again.
  ///   - text: writes an answer; nil if it cannot be stored.
  ///   - ask: answers the texts at these places.
  package func values<Value: Sendable>(
    of texts: [String], read: (String) -> Value?, text: (Value) -> String?,
    asking ask: ([Int]) async throws(CriticError) -> [Value]
  ) async throws(CriticError) -> [Value] {
    let digests = texts.map { Self.digest($0) }
    var values: [Value?] = []
    do throws(StoreError) {
      for digest in digests {
        let stored = try await store.answer(for: key(digest))
        values.append(stored?.promptDigest == digest ? stored.flatMap { read($0.response.text) } : nil)
      }
    } catch { throw CriticError(.storeFailed, error.message) }
    let missing = values.indices.filter { values[$0] == nil }
    guard !missing.isEmpty else { return values.compactMap(\.self) }
    let start = ContinuousClock.now
    let fresh = try await ask(missing)
    guard fresh.count == missing.count else {
      throw CriticError(.failed, "\(record.critic ?? "") gave \(fresh.count) answers for \(missing.count) texts.")
    }
    let seconds = (ContinuousClock.now - start).inSeconds / Double(missing.count)
    var answers: [AnswerRecord] = []
    for (place, value) in zip(missing, fresh) {
      guard let text = text(value) else {
        throw CriticError(.failed, "\(record.critic ?? "") gave a value that is not finite, which cannot be stored.")
      }
      answers.append(
        AnswerRecord(
          key: key(digests[place]), promptDigest: digests[place], response: PolicyResponse(text), seconds: seconds))
      values[place] = value
    }
    try await store(answers)
    return values.compactMap(\.self)
  }

  private func store(_ answers: [AnswerRecord]) async throws(CriticError) {
    do throws(StoreError) {
      if !hasBegun.isSet.withLock(\.self) {
        try await store.begin(record)
        hasBegun.isSet.withLock { $0 = true }
      }
      // Written concurrently, so that they share one commit.
      let results = await withTaskGroup(of: Result<Void, StoreError>.self) { [store] group in
        for answer in answers {
          group.addTask {
            do throws(StoreError) { return .success(try await store.record(answer)) } catch { return .failure(error) }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      for result in results { try result.get() }
    } catch { throw CriticError(.storeFailed, error.message) }
  }

  private func key(_ digest: String) -> CallKey { CallKey(run: record.id, task: TaskID(digest), particle: 0, step: 0) }

  private static func digest(_ parts: String...) -> String {
    var digest = Digest()
    for part in parts { digest.add(part) }
    return digest.text
  }
}
