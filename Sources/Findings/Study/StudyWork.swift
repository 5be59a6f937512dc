import Agents

/// What a part of a study took.
package struct StudyWork: Sendable, Hashable, Codable {
  /// Answers of a model.
  package var calls = 0
  /// What the model read, what it had read before included.
  package var inputTokens = 0
  /// Of these, what it had read before, and did not work through again.
  package var cachedInputTokens = 0
  package var outputTokens = 0
  /// Tokens of one pass forward over texts that are there: entropies, old and frozen probabilities.
  package var scoredTokens = 0
  /// Tokens of passes forward and back.
  package var trainedTokens = 0
  /// Of all threads of this process; absent where answers were there already, so that nobody knows what they took.
  package var processorSeconds: Double? = 0

  package init() {}

  package init(calls: Int, usage: Usage, processorSeconds: Double?) {
    self.calls = calls
    inputTokens = usage.inputTokens
    cachedInputTokens = usage.cachedInputTokens
    outputTokens = usage.outputTokens
    self.processorSeconds = processorSeconds
  }

  /// What a policy is metered by: input and output.
  package var policyTokens: Int { inputTokens + outputTokens }

  /// Everything worked through: read and not known before, drawn, scored and trained on. A token that is trained on goes forward
  /// and back and is counted once all the same.
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
