import Agents

/// Settings for drawing tokens.
package struct Sampling: Sendable, Hashable, Codable {
  /// 0 takes the likeliest token.
  package var temperature: Double
  /// Nucleus sampling: tokens are drawn from the likeliest ones with this share of the mass.
  package var topP: Double
  package var maxTokens: Int

  package init(temperature: Double = 1, topP: Double = 1, maxTokens: Int = 256) {
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
  }
}

/// A text to continue.
package struct GenerationRequest: Sendable {
  package var prompt: [Int32]
  package var sampling: Sampling
  package var seed: Seed
  /// Texts that end the answer. They are not part of it.
  package var stops: [String]
  /// The only texts allowed as answers; nil for any.
  package var choices: [String]?

  package init(
    prompt: [Int32], sampling: Sampling, seed: Seed, stops: [String] = [], choices: [String]? = nil
  ) {
    self.prompt = prompt
    self.sampling = sampling
    self.seed = seed
    self.stops = stops
    self.choices = choices
  }
}

/// A generated continuation.
package struct Generation: Sendable, Hashable {
  package enum Ending: String, Sendable, Hashable {
    /// An end token, a stop text or a complete choice.
    case stop
    /// The token limit.
    case length
  }

  /// The text, without the stop text or end token.
  package var text: String
  /// All drawn tokens, including the one that ended the answer.
  package var tokens: [Int32]
  /// The log-probability of each token in the distribution it was drawn from, before top-p truncation, in nats.
  package var logProbabilities: [Float]
  package var ending: Ending
  /// The number of prompt tokens read from the cache.
  package var cachedTokens: Int
}
