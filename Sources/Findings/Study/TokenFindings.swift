import Agents

/// An answer of a tuned model, token by token, with what the model it was made of would have said.
public struct ForkedAnswer: Sendable, Hashable, Codable {
  public struct Token: Sendable, Hashable, Codable {
    public let text: String
    /// Of the base model, in nats.
    public let entropy: Double
    /// The likeliest tokens of the two.
    public let basePrefers: String
    public let tunedPrefers: String
    /// They differ.
    public let isFork: Bool
    /// They differ, and what the tuned model prefers is among the base's five likeliest.
    public let isNear: Bool

    public init(
      text: String, entropy: Double, basePrefers: String, tunedPrefers: String, isFork: Bool, isNear: Bool
    ) {
      self.text = text
      self.entropy = entropy
      self.basePrefers = basePrefers
      self.tunedPrefers = tunedPrefers
      self.isFork = isFork
      self.isNear = isNear
    }
  }

  public let task: String
  public let reward: Double
  public let tokens: [Token]

  public init(task: String, reward: Double, tokens: [Token]) {
    self.task = task
    self.reward = reward
    self.tokens = tokens
  }

  public var forks: Int { tokens.count(where: \.isFork) }

  /// One to show: with forks, and succeeding, if there is such a one; of those the one with most forks, and of these the first.
  ///
  /// - Parameter pass: the reward from which an answer succeeds.
  public static func example(of answers: [ForkedAnswer], pass: Double) -> ForkedAnswer? {
    func rank(_ answer: ForkedAnswer) -> (Int, Int, Int) {
      (answer.forks > 0 ? 1 : 0, answer.reward >= pass - 1e-9 ? 1 : 0, answer.forks)
    }
    return answers.filter { !$0.tokens.isEmpty }.enumerated().max {
      let (a, b) = (rank($0.element), rank($1.element))
      return a != b ? a < b : $0.offset > $1.offset
    }?.element
  }
}

/// Base against tuned on answers to tasks that nobody learned from: the JSON of `cox tokens`.
public struct TokenFindings: Sendable, Codable {
  /// How often attempts pass, by whoever draws the tokens.
  public struct Pass: Sendable, Hashable, Codable {
    /// `base`, `tuned`, `oracle` or `random`.
    public let name: String
    public let rate: MeanEstimate
    /// To the base, paired over tasks; absent for itself.
    public let difference: PairedEstimate?

    public init(name: String, rate: MeanEstimate, difference: PairedEstimate? = nil) {
      self.name = name
      self.rate = rate
      self.difference = difference
    }
  }

  /// The policies' identities.
  public let base: String
  public let tuned: String
  public let tasks: Int
  /// Of each task.
  public let attempts: Int
  public let tokens: Int
  public let forks: Int
  /// The share of the tuned model's tokens at which both prefer the same, with its standard error over tasks.
  public let agreement: MeanEstimate
  /// Of the forks, the share where what the tuned model prefers is among the base's five likeliest.
  public let nearShare: Double?
  /// The base's mean entropy in nats: at forks, and everywhere.
  public let forkEntropy: Double?
  public let meanEntropy: Double
  public let entropyRatio: Double?
  /// The share of all forks that falls in each tenth of the answer.
  public let forksByTenth: [Double]
  public let passes: [Pass]
  public let example: ForkedAnswer?

  /// - Parameters:
  ///   - agreementByTask: the share of each task, for the standard error alone.
  public init(
    base: String, tuned: String, tasks: Int, attempts: Int, tokens: Int, forks: Int, agreementByTask: [Double],
    nearShare: Double?, forkEntropy: Double?, meanEntropy: Double, forksByTenth: [Double], passes: [Pass],
    example: ForkedAnswer?
  ) {
    self.base = base
    self.tuned = tuned
    self.tasks = tasks
    self.attempts = attempts
    self.tokens = tokens
    self.forks = forks
    // Of all tokens alike, so that it and the number of forks say the same.
    agreement = MeanEstimate(
      mean: 1 - Double(forks) / Double(max(tokens, 1)), se: MeanEstimate(agreementByTask).se)
    self.nearShare = nearShare
    self.forkEntropy = forkEntropy
    self.meanEntropy = meanEntropy
    entropyRatio = forkEntropy.flatMap { meanEntropy > 0 ? $0 / meanEntropy : nil }
    self.forksByTenth = forksByTenth
    self.passes = passes
    self.example = example
  }
}
