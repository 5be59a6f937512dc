#if OpenWeights
  import Agents

  /// How tokens are drawn.
  public struct Sampling: Sendable, Hashable, Codable {
    /// 0 takes the likeliest.
    public var temperature: Double
    /// The share of the mass that is drawn from, its likeliest part.
    public var topP: Double
    public var maxTokens: Int

    public init(temperature: Double = 1, topP: Double = 1, maxTokens: Int = 256) {
      self.temperature = temperature
      self.topP = topP
      self.maxTokens = maxTokens
    }
  }

  /// A text to continue.
  public struct GenerationRequest: Sendable {
    public var prompt: [Int32]
    public var sampling: Sampling
    public var seed: Seed
    /// Texts that end the answer, and are no part of it.
    public var stops: [String]
    /// The texts that the answer may be; nil for any.
    public var choices: [String]?

    public init(
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
  public struct Generation: Sendable, Hashable {
    public enum Ending: String, Sendable, Hashable {
      /// An end token, a stop text or a whole choice.
      case stop
      /// The limit of tokens.
      case length
    }

    /// Without what ended it.
    public var text: String
    /// All tokens drawn, the one that ended it included.
    public var tokens: [Int32]
    /// Of each token, in nats, in the distribution it was drawn from (before topP cut it).
    public var logProbabilities: [Float]
    public var ending: Ending
    /// Of the prompt, what was read from the cache.
    public var cachedTokens: Int
  }
#endif
