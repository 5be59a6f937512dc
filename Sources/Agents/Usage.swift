/// Tokens that one or many calls took. Cached input is part of the input, reasoning is part of the output.
public struct Usage: Sendable, Hashable, Codable {
  public var inputTokens: Int
  public var cachedInputTokens: Int
  public var outputTokens: Int
  public var reasoningTokens: Int

  public init(inputTokens: Int = 0, cachedInputTokens: Int = 0, outputTokens: Int = 0, reasoningTokens: Int = 0) {
    self.inputTokens = inputTokens
    self.cachedInputTokens = cachedInputTokens
    self.outputTokens = outputTokens
    self.reasoningTokens = reasoningTokens
  }

  public static func + (a: Usage, b: Usage) -> Usage {
    Usage(
      inputTokens: a.inputTokens + b.inputTokens,
      cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
      outputTokens: a.outputTokens + b.outputTokens,
      reasoningTokens: a.reasoningTokens + b.reasoningTokens)
  }

  public static func += (a: inout Usage, b: Usage) { a = a + b }
}

/// What tokens cost, in the user's currency per million. There is no price list in the code.
public struct Pricing: Sendable, Hashable, Codable {
  public var inputPerMillion: Double
  public var cachedInputPerMillion: Double
  public var outputPerMillion: Double

  public init(inputPerMillion: Double = 0, cachedInputPerMillion: Double? = nil, outputPerMillion: Double = 0) {
    self.inputPerMillion = inputPerMillion
    self.cachedInputPerMillion = cachedInputPerMillion ?? inputPerMillion
    self.outputPerMillion = outputPerMillion
  }

  public func cost(of usage: Usage) -> Double {
    let fresh = Double(usage.inputTokens - usage.cachedInputTokens)
    return
      (fresh * inputPerMillion + Double(usage.cachedInputTokens) * cachedInputPerMillion
      + Double(usage.outputTokens) * outputPerMillion) / 1_000_000
  }
}
