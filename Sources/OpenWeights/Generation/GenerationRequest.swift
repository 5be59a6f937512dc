#if OpenWeights
  import Agents

  /// How tokens are drawn.
  package struct Sampling: Sendable, Hashable, Codable {
    /// 0 takes the likeliest.
    package var temperature: Double
    /// The share of the mass that is drawn from, its likeliest part.
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
    /// Texts that end the answer, and are no part of it.
    package var stops: [String]
    /// The texts that the answer may be; nil for any.
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

  /// What a prompt was continued with.
  package struct Generation: Sendable, Hashable {
    package enum Ending: String, Sendable, Hashable {
      /// An end token, a stop text or a whole choice.
      case stop
      /// The limit of tokens.
      case length
    }

    /// Without what ended it.
    package var text: String
    /// All tokens drawn, the one that ended it included.
    package var tokens: [Int32]
    /// Of each token, in nats, in the distribution it was drawn from (before topP cut it).
    package var logProbabilities: [Float]
    package var ending: Ending
    /// Of the prompt, what was read from the cache.
    package var cachedTokens: Int
  }
#endif
