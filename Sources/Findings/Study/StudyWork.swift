import Agents

/// The cost of a part of a study.
package struct StudyWork: Sendable, Hashable, Codable {
  /// The number of model answers.
  package var calls = 0
  /// Input tokens, cached ones included.
  package var inputTokens = 0
  /// Cached input tokens, which were not computed again.
  package var cachedInputTokens = 0
  package var outputTokens = 0
  /// Tokens of forward passes over existing texts, for entropies and for old and frozen probabilities.
  package var scoredTokens = 0
  /// Tokens of forward and backward passes.
  package var trainedTokens = 0
  /// The processor time of all threads of this process. Absent if stored answers were used, since their cost is
  /// unknown.
  package var processorSeconds: Double? = 0

  package init() {}

  package init(calls: Int, usage: Usage, processorSeconds: Double?) {
    self.calls = calls
    inputTokens = usage.inputTokens
    cachedInputTokens = usage.cachedInputTokens
    outputTokens = usage.outputTokens
    self.processorSeconds = processorSeconds
  }

  /// The policy's tokens as metered: input and output.
  package var policyTokens: Int { inputTokens + outputTokens }

  /// All processed tokens: input that was not cached, output, scored and trained tokens. A trained token counts once,
  /// although it takes a forward and a backward pass.
  package var tokens: Int { policyTokens - cachedInputTokens + scoredTokens + trainedTokens }

  package static func + (a: Self, b: Self) -> Self {
    var sum = a
    sum.calls += b.calls
    sum.inputTokens += b.inputTokens
    sum.cachedInputTokens += b.cachedInputTokens
    sum.outputTokens += b.outputTokens
    sum.scoredTokens += b.scoredTokens
    sum.trainedTokens += b.trainedTokens
    sum.processorSeconds = a.processorSeconds.flatMap { ours in b.processorSeconds.map { ours + $0 } }
    return sum
  }

  package static func += (a: inout Self, b: Self) { a = a + b }
}
