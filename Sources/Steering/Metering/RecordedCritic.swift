import Agents
import Foundation
import RolloutStore
import Synchronization

/// A critic whose values are stored before use and read when they are needed again. It serves critics whose values cost
/// money or must repeat exactly. A missing value is stored as missing, since the run depends on it.
public struct RecordedCritic: Critic {
  private let base: any Critic
  private let store: RolloutStore
  private let environment: WorldIdentity
  private let run: String
  private let hasBegun = Begun()

  private final class Begun: Sendable {
    let isSet = Mutex(false)
  }

  /// - Parameter environment: the world that is steered in, recorded with the critic's run.
  public init(_ base: any Critic, store: RolloutStore, environment: WorldIdentity) {
    self.base = base
    self.store = store
    self.environment = environment
    run = Self.digest("critic", base.identity)
  }

  public var identity: String { base.identity }

  /// - Throws: the critic's error; `storeFailed` if the store cannot be read or written.
  public func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    let distinct = DistinctStates(states)
    let digests = distinct.texts.map { Self.digest($0) }
    var values: [StoredValue?] = []
    do throws(StoreError) {
      for digest in digests { values.append(try await stored(digest)) }
    } catch { throw CriticError(.storeFailed, error.message) }
    let missing = values.indices.filter { values[$0] == nil }
    if !missing.isEmpty {
      let start = ContinuousClock.now
      let fresh = try await base.returnsToGo(from: missing.map { distinct.states[$0] })
      guard fresh.count == missing.count else {
        throw CriticError(.failed, "The critic gave \(fresh.count) values for \(missing.count) states.")
      }
      let seconds = (ContinuousClock.now - start).inSeconds / Double(missing.count)
      try await record(zip(missing.map { digests[$0] }, fresh.map(StoredValue.init)).map { ($0, $1) }, seconds: seconds)
      for (place, value) in zip(missing, fresh) { values[place] = StoredValue(value: value) }
    }
    return distinct.spread(values.map { $0?.value })
  }

  private func stored(_ digest: String) async throws(StoreError) -> StoredValue? {
    guard let answer = try await store.answer(for: key(digest)), answer.promptDigest == digest else { return nil }
    return StoredValue(answer.response.text)
  }

  private func record(_ values: [(digest: String, value: StoredValue)], seconds: Double) async throws(CriticError) {
    var answers: [AnswerRecord] = []
    for (digest, value) in values {
      guard let text = value.text else {
        throw CriticError(.failed, "The critic gave a value that is not finite, which cannot be stored.")
      }
      answers.append(
        AnswerRecord(key: key(digest), promptDigest: digest, response: PolicyResponse(text), seconds: seconds))
    }
    do throws(StoreError) {
      try await begin()
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

  /// Creates the run that the answers belong to. It has no policy, so that it is not taken for a recording of a policy.
  private func begin() async throws(StoreError) {
    guard !hasBegun.isSet.withLock(\.self) else { return }
    try await store.begin(
      RunRecord(
        id: run, verb: "critic", method: "critic", environment: environment, policy: "", format: .plain,
        critic: base.identity, isPrior: false, seed: 0, settings: "{}"))
    hasBegun.isSet.withLock { $0 = true }
  }

  private func key(_ digest: String) -> CallKey { CallKey(run: run, task: TaskID(digest), particle: 0, step: 0) }

  private static func digest(_ parts: String...) -> String {
    var digest = Digest()
    for part in parts { digest.add(part) }
    return digest.text
  }
}

/// A value in the store's format: JSON of the distribution, or `null` if the critic gave none.
private struct StoredValue: Sendable {
  let value: ReturnDistribution?

  init(value: ReturnDistribution?) { self.value = value }

  /// nil for an invalid text. The value is then requested again.
  init?(_ text: String) {
    // `try?` would not distinguish a missing value from an invalid text.
    do { value = try JSONDecoder().decode(ReturnDistribution?.self, from: Data(text.utf8)) } catch { return nil }
    // Decoding does not check the preconditions of a distribution.
    if let value {
      let total = value.probabilities.reduce(0, +)
      guard value.returns.count == value.probabilities.count, total > 0, total.isFinite else { return nil }
    }
  }

  /// nil if a return is not finite.
  var text: String? { (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } }
}
