import Agents
import Foundation
import ParticleFilter

/// Texts with weights: the posterior as far as N particles show it.
public struct TokenPosterior: Sendable, Hashable {
  /// How a particle's text ended.
  public enum Ending: String, Sendable, Hashable, Codable {
    /// With the end of the text.
    case ended
    /// Cut at the token limit, where the run cuts texts. It keeps the weight of its tokens.
    case cut
    /// Not within the token limit. Its weight is 0.
    case limit
    /// No next token was allowed, or a factor excluded the text. Its weight is 0.
    case excluded
  }

  /// One particle's text.
  public struct Answer: Sendable, Hashable {
    /// Without the end of the text.
    public let tokens: [TokenID]
    /// The text of the tokens.
    public let text: String
    /// How it ended.
    public let ending: Ending
  }

  /// One for each particle, by place.
  public let answers: [Answer]
  /// The weights of the answers, not normalised.
  public let logWeights: LogWeights
  /// log Ẑ in nats: the log of an unbiased estimate of the target's total weight. −∞ if no particle ended.
  public let logEvidence: Double
  /// Who descends from whom, with the weights at every checkpoint. Steps are tokens.
  public let genealogy: Genealogy
  /// The number of tokens drawn, ends included, culled particles included.
  public let drawnTokens: Int

  /// Whether no particle has weight: the target may be empty, or N too small to find it.
  public var isEmpty: Bool { logWeights.areEmpty }

  /// The normalised weights by place; all 0 if no particle has weight.
  public var weights: [Double] { logWeights.probabilities }

  /// (Σw)² / Σw² of the answers.
  public var effectiveSampleSize: Double { logWeights.effectiveSampleSize }

  /// The particles without weight that did not end within the limit.
  public var overLimit: Int { answers.count { $0.ending == .limit } }

  /// The particles without weight that were excluded.
  public var excluded: Int { answers.count { $0.ending == .excluded } }

  /// The distinct texts with their probabilities, likeliest first.
  public var distribution: [(text: String, probability: Double)] {
    var sums: [String: Double] = [:]
    for (answer, weight) in zip(answers, weights) where weight > 0 { sums[answer.text, default: 0] += weight }
    return sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }

  /// The expectation of a function of answers under the posterior; nil if no particle has weight.
  public func expectation(of value: (Answer) -> Double) -> Double? {
    isEmpty ? nil : zip(answers, weights).reduce(0) { $1.1 > 0 ? $0 + $1.1 * value($1.0) : $0 }
  }

  /// The place of an answer drawn by weight; nil if no particle has weight.
  public func draw(seed: Seed) -> Int? {
    var generator = seed.split("answer").generator()
    return Categorical(logWeights.values).draw(using: &generator)
  }
}
