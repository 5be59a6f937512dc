import Agents

/// An answer of a tuned model, token by token, with what the model it was made of would have said.
package struct ForkedAnswer: Sendable, Hashable, Codable {
  package struct Token: Sendable, Hashable, Codable {
    package let text: String
    /// Of the base model, in nats.
    package let entropy: Double
    /// The likeliest tokens of the two.
    package let basePrefers: String
    package let tunedPrefers: String
    /// They differ.
    package let isFork: Bool
    /// They differ, and what the tuned model prefers is among the base's five likeliest.
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

  /// One to show: with forks, and succeeding, if there is such a one; of those the one with most forks, and of these the first.
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

/// Base against tuned on answers to tasks that nobody learned from: the JSON of `cox tokens`.
package struct TokenFindings: Sendable, Codable {
  /// How often attempts pass, by whoever draws the tokens.
  package struct Pass: Sendable, Hashable, Codable {
    /// `base`, `tuned`, `oracle` or `random`.
    package let name: String
    package let rate: MeanEstimate
    /// To the base, paired over tasks; absent for itself.
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
  /// Of each task.
  package let attempts: Int
  package let tokens: Int
  package let forks: Int
  /// The share of the tuned model's tokens at which both prefer the same, with its standard error over tasks.
  package let agreement: MeanEstimate
  /// Of the forks, the share where what the tuned model prefers is among the base's five likeliest.
  package let nearShare: Double?
  /// The base's mean entropy in nats: at forks, and everywhere.
  package let forkEntropy: Double?
  package let meanEntropy: Double
  package let entropyRatio: Double?
  /// The share of all forks that falls in each tenth of the answer.
  package let forksByTenth: [Double]
  package let passes: [Pass]
  package let example: ForkedAnswer?

  /// - Parameters:
  ///   - agreementByTask: the share of each task, for the standard error alone.
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
