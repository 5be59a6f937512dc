import Agents
import Foundation
import RolloutStore

/// A critic whose values are stored before use and read when they are needed again. It serves critics whose values cost
/// money or must repeat exactly. A missing value is stored as missing, since the run depends on it.
public struct RecordedCritic: Critic {
  private let base: any Critic
  private let answers: DigestedAnswers

  /// - Parameter environment: the world that is steered in, recorded with the critic's run.
  public init(_ base: any Critic, store: RolloutStore, environment: WorldIdentity) {
    self.base = base
    answers = DigestedAnswers(of: base.identity, verb: "critic", store: store, environment: environment)
  }

  public var identity: String { base.identity }

  /// - Throws: the critic's error; `storeFailed` if the store cannot be read or written.
  public func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    let distinct = DistinctStates(states)
    let values = try await answers.values(of: distinct.texts) {
      StoredValue($0)
    } text: {
      $0.text
    } asking: { (missing: [Int]) async throws(CriticError) in
      try await base.returnsToGo(from: missing.map { distinct.states[$0] }).map(StoredValue.init)
    }
    return distinct.spread(values.map(\.value))
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
