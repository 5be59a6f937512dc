/// Tokens that one or many calls took. Cached input and input written to a cache are part of the input, reasoning is part of
/// the output.
public struct Usage: Sendable, Hashable, Codable {
  public var inputTokens: Int
  /// Of the input, what the provider read from its cache.
  public var cachedInputTokens: Int
  /// Of the input, what the provider put into its cache, where it says so and charges for it.
  public var cacheWriteTokens: Int
  public var outputTokens: Int
  /// Of the output, what the model thought before it answered.
  public var reasoningTokens: Int
  /// Input that was not paid for, because the prompt was asked once for several particles. Not part of the input.
  public var savedInputTokens: Int
  /// Of input and output together, what no server reported: estimated from the text.
  public var estimatedTokens: Int
  /// Answers that ended because they may be no longer, most likely before what they had to say.
  public var cutOffAnswers: Int

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

  /// Input and output together.
  public var totalTokens: Int { inputTokens + outputTokens }

  /// The share of the input that asking identical prompts once has saved, in 0...1; 0 where nothing was asked.
  public var savedShare: Double {
    let whole = inputTokens + savedInputTokens
    return whole > 0 ? Double(savedInputTokens) / Double(whole) : 0
  }

  /// As many tokens again, for a question that was asked twice.
  public var doubled: Usage {
    var twice = self + self
    twice.cutOffAnswers = cutOffAnswers
    return twice
  }

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

  public static func += (a: inout Usage, b: Usage) { a = a + b }
}

extension Usage {
  private enum CodingKeys: CodingKey {
    case inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens, savedInputTokens,
      estimatedTokens, cutOffAnswers
  }

  /// Reads what earlier versions wrote, too: the last two are absent where they are 0.
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

/// What tokens cost, in the user's currency per million. There is no price list in the code.
public struct Pricing: Sendable, Hashable, Codable {
  public var inputPerMillion: Double
  public var cachedInputPerMillion: Double
  public var cacheWritePerMillion: Double
  public var outputPerMillion: Double

  /// - Parameters:
  ///   - cachedInputPerMillion: input read from the provider's cache; as any input where nil.
  ///   - cacheWritePerMillion: input put into the provider's cache; as any input where nil.
  public init(
    inputPerMillion: Double = 0, cachedInputPerMillion: Double? = nil, cacheWritePerMillion: Double? = nil,
    outputPerMillion: Double = 0
  ) {
    self.inputPerMillion = inputPerMillion
    self.cachedInputPerMillion = cachedInputPerMillion ?? inputPerMillion
    self.cacheWritePerMillion = cacheWritePerMillion ?? inputPerMillion
    self.outputPerMillion = outputPerMillion
  }

  /// Whether anything costs anything.
  public var isFree: Bool {
    inputPerMillion == 0 && cachedInputPerMillion == 0 && cacheWritePerMillion == 0 && outputPerMillion == 0
  }

  public func cost(of usage: Usage) -> Double {
    let fresh = Double(usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens)
    return
      (fresh * inputPerMillion + Double(usage.cachedInputTokens) * cachedInputPerMillion
      + Double(usage.cacheWriteTokens) * cacheWritePerMillion + Double(usage.outputTokens) * outputPerMillion)
      / 1_000_000
  }
}
