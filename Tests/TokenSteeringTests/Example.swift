import Agents
import Constraints
import CoxswainTesting
import Foundation
import ParticleFilter

@testable import TokenSteering

/// Words of `ab`, at least one, then an optional `c`, so that tokens lie across the language's steps.
struct Pairs: ByteLanguage {
  enum State { case start, a, pair, end }
  var start: State { .start }

  func state(after byte: UInt8, _ state: State) -> State? {
    switch (state, UnicodeScalar(byte)) {
    case (.start, "a"), (.pair, "a"): .a
    case (.a, "b"): .pair
    case (.pair, "c"): .end
    default: nil
    }
  }

  func isComplete(_ state: State) -> Bool { state == .pair || state == .end }
  func canContinue(_ state: State) -> Bool { state != .end }
}

/// A model of few tokens under a constraint, with the exact posterior.
struct Example {
  let model: EnumerableModel
  let condition: LanguagePotential<Pairs>
  /// Prefers short texts in the target.
  let verifier: Brevity

  init(limit: Int = 4, seed: UInt64 = 3) {
    let vocabulary = TokenVocabulary(["a", "b", "ab", "ba", "c", "bab"])
    model = EnumerableModel(vocabulary, limit: limit, seed: seed)
    condition = LanguagePotential(Pairs(), vocabulary: vocabulary)
    verifier = Brevity(vocabulary: vocabulary)
  }

  var vocabulary: TokenVocabulary { model.vocabulary }

  /// The unnormalised weight of every text that has any, by its tokens.
  func exact(power: Double = 1, verified: Bool = false) async throws -> [[TokenID]: Double] {
    let texts = model.texts()
    let allowed = try await condition.completeLogWeights(of: texts.map(\.tokens))
    let verified = verified ? try await verifier.completeLogWeights(of: texts.map(\.tokens)) : texts.map { _ in 0 }
    var weights: [[TokenID]: Double] = [:]
    for (place, text) in texts.enumerated() where allowed[place] > -.infinity {
      weights[text.tokens] = exp(power * text.logProbability + verified[place])
    }
    return weights
  }

  enum Way: String, CaseIterable {
    case local, rejection, rejectionOnce, impatient, set, proposal
  }

  func sampler(_ way: Way) throws -> any TokenSampler {
    switch way {
    case .local: LocalSampler(try model * condition)
    case .rejection: try RejectionSampler(model, condition: condition)
    case .rejectionOnce: try RejectionSampler(model, condition: condition, checks: 1)
    case .impatient: try RejectionSampler(model, condition: condition, patience: 1)
    case .set: try SetSampler(model, condition: condition)
    case .proposal:
      try ProposalSampler(
        try model * condition, proposal: EnumerableModel(vocabulary, limit: 9, seed: 77, spread: 1) * condition)
    }
  }

  enum Hint: String, CaseIterable {
    case none, right, wrong
  }

  /// Right: what short texts will be worth. Wrong: the opposite, and large.
  func twist(_ hint: Hint) -> (any TokenTwist)? {
    switch hint {
    case .none: nil
    case .right: Hope(vocabulary: vocabulary, slope: -0.5)
    case .wrong: Hope(vocabulary: vocabulary, slope: 0.35)
    }
  }
}

/// A verifier of finished texts: exp(−1/2) for each byte.
struct Brevity: Potential {
  let vocabulary: TokenVocabulary

  func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] { prefixes.map { _ in 0 } }
  func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    texts.map { -0.5 * Double(vocabulary.bytes(of: $0).count) }
  }
}

/// A twist that is linear in the number of bytes.
struct Hope: TokenTwist {
  let vocabulary: TokenVocabulary
  let slope: Double

  func logValues(of prefixes: [[TokenID]]) async throws -> [Double] {
    prefixes.map { slope * Double(vocabulary.bytes(of: $0).count) }
  }
}

/// The mean of numbers with its standard error.
func estimate(_ values: [Double]) -> (mean: Double, error: Double) {
  let mean = values.reduce(0, +) / Double(values.count)
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (mean, (squares / Double(values.count - 1) / Double(values.count)).squareRoot())
}
