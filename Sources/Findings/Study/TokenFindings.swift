import Agents

/// An answer of a tuned model, token by token, with the preferences of its base model.
package struct ForkedAnswer: Sendable, Hashable, Codable {
  package struct Token: Sendable, Hashable, Codable {
    package let text: String
    /// The base model's entropy, in nats.
    package let entropy: Double
    /// The likeliest token of each model.
    package let basePrefers: String
    package let tunedPrefers: String
    /// Whether the likeliest tokens differ.
    package let isFork: Bool
    /// Whether they differ and the tuned model's likeliest token is among the base's five likeliest.
    package let isNear: Bool

    package init(
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

  package let task: String
  package let reward: Double
  package let tokens: [Token]

  package init(task: String, reward: Double, tokens: [Token]) {
    self.task = task
    self.reward = reward
    self.tokens = tokens
  }

  package var forks: Int { tokens.count(where: \.isFork) }

  /// The answer to show: preferably one with forks, then a successful one, then the one with the most forks, then the
  /// earliest.
  ///
  /// - Parameter pass: the reward from which an answer succeeds.
  package static func example(of answers: [ForkedAnswer], pass: Double) -> ForkedAnswer? {
    func rank(_ answer: ForkedAnswer) -> (Int, Int, Int) {
      (answer.forks > 0 ? 1 : 0, answer.reward >= pass - 1e-9 ? 1 : 0, answer.forks)
    }
    return answers.filter { !$0.tokens.isEmpty }.enumerated().max {
      let (a, b) = (rank($0.element), rank($1.element))
      return a != b ? a < b : $0.offset > $1.offset
    }?.element
  }
}

/// Base and tuned model compared on answers to tasks that were not trained on: the JSON of `cox tokens`.
package struct TokenFindings: Sendable, Codable {
  /// How often attempts pass, by the model that draws the tokens.
  package struct Pass: Sendable, Hashable, Codable {
    /// `base`, `tuned`, `oracle` or `random`.
    package let name: String
    package let rate: MeanEstimate
    /// The difference from the base, paired over tasks; absent for the base itself.
    package let difference: PairedEstimate?

    package init(name: String, rate: MeanEstimate, difference: PairedEstimate? = nil) {
      self.name = name
      self.rate = rate
      self.difference = difference
    }
  }

  /// The policies' identities.
  package let base: String
  package let tuned: String
  package let tasks: Int
  /// The number of attempts at each task.
  package let attempts: Int
  package let tokens: Int
  package let forks: Int
  /// The share of the tuned model's tokens at which both models prefer the same token, with its standard error over
  /// tasks.
  package let agreement: MeanEstimate
  /// The share of forks at which the tuned model's likeliest token is among the base's five likeliest.
  package let nearShare: Double?
  /// The base's mean entropy in nats: at forks, and over all tokens.
  package let forkEntropy: Double?
  package let meanEntropy: Double
  package let entropyRatio: Double?
  /// The share of all forks that falls in each tenth of the answer.
  package let forksByTenth: [Double]
  package let passes: [Pass]
  package let example: ForkedAnswer?

  /// - Parameters:
  ///   - agreementByTask: the agreement of each task, used only for the standard error.
  package init(
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
    // Pooled over all tokens, so that it agrees with the number of forks.
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
