import Foundation
import TokenSteering

/// A model that is asked about a text and answers yes or no: log P(yes) among the two, as a weight.
///
/// ``potential(over:)`` makes it part of the target, ``twist(over:)`` guidance alone.
public struct Judge: Sendable {
  private let model: NextTokens
  private let prompt: @Sendable (String) throws -> [TokenID]
  private let yes, no: [TokenID]
  /// The factor of log P(yes).
  public let scale: Double

  /// - Parameters:
  ///   - prompt: the tokens of the question about a text.
  ///   - yes: the tokens that mean yes.
  ///   - no: the tokens that mean no.
  package init(
    _ model: NextTokens, yes: [TokenID], no: [TokenID], scale: Double = 1,
    prompt: @escaping @Sendable (String) throws -> [TokenID]
  ) throws(ModelError) {
    guard !yes.isEmpty, !no.isEmpty else { throw ModelError("A judge needs tokens for yes and tokens for no.") }
    (self.model, self.yes, self.no, self.scale, self.prompt) = (model, yes, no, scale, prompt)
  }

  /// scale · log(P(yes) / (P(yes) + P(no))) after the question about the text, in nats.
  public func logWeight(of text: String) async throws -> Double {
    let logits = try await model.logits(after: [prompt(text)])[0]
    func mass(_ tokens: [TokenID]) -> Double {
      let largest = (yes + no).map { Double(logits[Int($0)]) }.max() ?? 0
      return tokens.reduce(0) { $0 + exp(Double(logits[Int($1)]) - largest) }
    }
    return scale * log(mass(yes) / (mass(yes) + mass(no)))
  }

  /// The judgement of the finished text as a factor of the target.
  public func potential(over vocabulary: TokenVocabulary) -> FinalPotential {
    FinalPotential(vocabulary) { try await logWeight(of: $0) }
  }

  /// The judgement of the unfinished text as guidance.
  public func twist(over vocabulary: TokenVocabulary) -> ClosureTwist {
    ClosureTwist(vocabulary) { try await logWeight(of: $0) }
  }
}
