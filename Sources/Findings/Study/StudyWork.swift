import Agents

/// What a part of a study took.
public struct StudyWork: Sendable, Hashable, Codable {
  /// Answers of a model.
  public var calls = 0
  /// What the model read, what it had read before included.
  public var inputTokens = 0
  /// Of these, what it had read before, and did not work through again.
  public var cachedInputTokens = 0
  public var outputTokens = 0
  /// Tokens of one pass forward over texts that are there: entropies, old and frozen probabilities.
  public var scoredTokens = 0
  /// Tokens of passes forward and back.
  public var trainedTokens = 0
  /// Of all threads of this process; absent where answers were there already, so that nobody knows what they took.
  public var processorSeconds: Double? = 0

  public init() {}

  public init(calls: Int, usage: Usage, processorSeconds: Double?) {
    self.calls = calls
    inputTokens = usage.inputTokens
    cachedInputTokens = usage.cachedInputTokens
    outputTokens = usage.outputTokens
    self.processorSeconds = processorSeconds
  }

  /// What a policy is metered by: input and output.
  public var policyTokens: Int { inputTokens + outputTokens }

  /// Everything worked through: read and not known before, drawn, scored and trained on. A token that is trained on goes forward
  /// and back and is counted once all the same.
  public var tokens: Int { policyTokens - cachedInputTokens + scoredTokens + trainedTokens }

  public static func + (a: Self, b: Self) -> Self {
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

  public static func += (a: inout Self, b: Self) { a = a + b }
}
