/// Tokens of one or many calls. Cached input and input written to a cache are included in the input; reasoning is
/// included in the output.
public struct Usage: Sendable, Hashable, Codable {
  /// Prompt tokens, cached ones included.
  public var inputTokens: Int
  /// Input that the provider read from its cache.
  public var cachedInputTokens: Int
  /// Input that the provider wrote to its cache, if it reports and charges that.
  public var cacheWriteTokens: Int
  /// Generated tokens, reasoning included.
  public var outputTokens: Int
  /// Output that the model generated as reasoning before its answer.
  public var reasoningTokens: Int
  /// Input that was not paid for, because the prompt was sent once for several particles. Not included in the input.
  public var savedInputTokens: Int
  /// Input and output that no server reported; estimated from the texts.
  public var estimatedTokens: Int
  /// Answers cut off at the maximal length.
  public var cutOffAnswers: Int

  /// Counts of tokens; the default is no usage.
  public init(
    inputTokens: Int = 0, cachedInputTokens: Int = 0, cacheWriteTokens: Int = 0, outputTokens: Int = 0,
    reasoningTokens: Int = 0, savedInputTokens: Int = 0, estimatedTokens: Int = 0, cutOffAnswers: Int = 0
  ) {
    self.inputTokens = inputTokens
    self.cachedInputTokens = cachedInputTokens
    self.cacheWriteTokens = cacheWriteTokens
    self.outputTokens = outputTokens
    self.reasoningTokens = reasoningTokens
    self.savedInputTokens = savedInputTokens
    self.estimatedTokens = estimatedTokens
    self.cutOffAnswers = cutOffAnswers
  }

  /// Input plus output.
  public var totalTokens: Int { inputTokens + outputTokens }

  /// `savedInputTokens` as a share of input and saved input, in 0...1; 0 if there was no input.
  public var savedShare: Double {
    let whole = inputTokens + savedInputTokens
    return whole > 0 ? Double(savedInputTokens) / Double(whole) : 0
  }

  /// Twice the counts, for a call that was sent twice.
  public var doubled: Usage {
    var twice = self + self
    twice.cutOffAnswers = cutOffAnswers
    return twice
  }

  /// The sum of all counts.
  public static func + (a: Usage, b: Usage) -> Usage {
    Usage(
      inputTokens: a.inputTokens + b.inputTokens,
      cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
      cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
      outputTokens: a.outputTokens + b.outputTokens,
      reasoningTokens: a.reasoningTokens + b.reasoningTokens,
      savedInputTokens: a.savedInputTokens + b.savedInputTokens,
      estimatedTokens: a.estimatedTokens + b.estimatedTokens,
      cutOffAnswers: a.cutOffAnswers + b.cutOffAnswers)
  }

  /// Adds all counts of `b` to `a`.
  public static func += (a: inout Usage, b: Usage) { a = a + b }
}

extension Usage {
  private enum CodingKeys: CodingKey {
    case inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens, savedInputTokens,
      estimatedTokens, cutOffAnswers
  }

  /// Reads files of earlier versions too, in which the last two counts are missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      inputTokens: try container.decode(Int.self, forKey: .inputTokens),
      cachedInputTokens: try container.decode(Int.self, forKey: .cachedInputTokens),
      cacheWriteTokens: try container.decode(Int.self, forKey: .cacheWriteTokens),
      outputTokens: try container.decode(Int.self, forKey: .outputTokens),
      reasoningTokens: try container.decode(Int.self, forKey: .reasoningTokens),
      savedInputTokens: try container.decode(Int.self, forKey: .savedInputTokens),
      estimatedTokens: try container.decodeIfPresent(Int.self, forKey: .estimatedTokens) ?? 0,
      cutOffAnswers: try container.decodeIfPresent(Int.self, forKey: .cutOffAnswers) ?? 0)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(inputTokens, forKey: .inputTokens)
    try container.encode(cachedInputTokens, forKey: .cachedInputTokens)
    try container.encode(cacheWriteTokens, forKey: .cacheWriteTokens)
    try container.encode(outputTokens, forKey: .outputTokens)
    try container.encode(reasoningTokens, forKey: .reasoningTokens)
    try container.encode(savedInputTokens, forKey: .savedInputTokens)
    if estimatedTokens != 0 { try container.encode(estimatedTokens, forKey: .estimatedTokens) }
    if cutOffAnswers != 0 { try container.encode(cutOffAnswers, forKey: .cutOffAnswers) }
  }
}

/// Prices of tokens, in the user's currency per million tokens. There is no price list in the code.
public struct Pricing: Sendable, Hashable, Codable {
  /// The price of a million input tokens that are neither read from nor written to a cache.
  public var inputPerMillion: Double
  /// The price of a million input tokens read from the provider's cache.
  public var cachedInputPerMillion: Double
  /// The price of a million input tokens written to the provider's cache.
  public var cacheWritePerMillion: Double
  /// The price of a million output tokens, reasoning included.
  public var outputPerMillion: Double

  /// - Parameters:
  ///   - cachedInputPerMillion: the price of input read from the provider's cache; nil for the price of other input.
  ///   - cacheWritePerMillion: the price of input written to the provider's cache; nil for the price of other input.
  public init(
    inputPerMillion: Double = 0, cachedInputPerMillion: Double? = nil, cacheWritePerMillion: Double? = nil,
    outputPerMillion: Double = 0
  ) {
    self.inputPerMillion = inputPerMillion
    self.cachedInputPerMillion = cachedInputPerMillion ?? inputPerMillion
    self.cacheWritePerMillion = cacheWritePerMillion ?? inputPerMillion
    self.outputPerMillion = outputPerMillion
  }

  /// Whether every price is 0.
  public var isFree: Bool {
    inputPerMillion == 0 && cachedInputPerMillion == 0 && cacheWritePerMillion == 0 && outputPerMillion == 0
  }

  /// The money that the tokens cost, in the currency of the prices. Saved input costs nothing.
  public func cost(of usage: Usage) -> Double {
    let fresh = Double(usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens)
    return
      (fresh * inputPerMillion + Double(usage.cachedInputTokens) * cachedInputPerMillion
      + Double(usage.cacheWriteTokens) * cacheWritePerMillion + Double(usage.outputTokens) * outputPerMillion)
      / 1_000_000
  }
}
