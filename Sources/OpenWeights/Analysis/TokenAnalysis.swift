import Agents
import Tensors

/// Compares a tuned model with its base token by token, along the tuned model's answers.
package struct TokenAnalysis: Sendable, Codable {
  /// One drawn token of one answer.
  package struct Token: Sendable, Hashable, Codable {
    package let text: String
    /// The base model's entropy, in nats.
    package let entropy: Double
    package let basePrefers: String
    package let tunedPrefers: String
    /// The likeliest tokens of the two models differ.
    package let isFork: Bool
    /// At a fork: the tuned model's likeliest token is among the base's five likeliest.
    package let isNear: Bool
  }

  package struct Answer: Sendable, Hashable, Codable {
    package let task: String
    package let reward: Double
    package let tokens: [Token]
  }

  package let answers: [Answer]

  /// - Parameters:
  ///   - rollouts: rollouts of the tuned model on tasks that it was not trained on.
  ///   - base: the base model's figures of every drawn token of each sequence, with at least five likeliest tokens.
  ///   - tuned: the tuned model's figures, with at least one likeliest token.
  package init(
    _ rollouts: [RolloutTokens], base: [[[TokenFigures]]], tuned: [[[TokenFigures]]], text: (Int32) -> String
  ) {
    answers = zip(rollouts, zip(base, tuned)).map { rollout, figures in
      var tokens: [Token] = []
      for (sequence, (base, tuned)) in zip(rollout.sequences, zip(figures.0, figures.1)) {
        for (place, (old, new)) in zip(sequence.drawn, zip(base, tuned)) {
          guard let first = old.best.first, let best = new.best.first else { continue }
          let isFork = first.token != best.token
          tokens.append(
            Token(
              text: text(sequence.tokens[place]), entropy: Double(old.entropy), basePrefers: text(first.token),
              tunedPrefers: text(best.token), isFork: isFork,
              isNear: isFork && old.best.prefix(5).contains { $0.token == best.token }))
        }
      }
      return Answer(task: rollout.task.rawValue, reward: rollout.reward, tokens: tokens)
    }
  }

  package var tokens: Int { answers.reduce(0) { $0 + $1.tokens.count } }
  private var all: [Token] { answers.flatMap(\.tokens) }
  package var forks: Int { all.count(where: \.isFork) }

  /// The share of tokens at which both models prefer the same token.
  package var agreement: Double { 1 - Double(forks) / Double(max(tokens, 1)) }
  /// Of the forks, the share where the tuned model's likeliest token is among the base's five likeliest; nil without
  /// forks.
  package var nearShare: Double? { forks == 0 ? nil : Double(all.count(where: \.isNear)) / Double(forks) }
  /// The base's mean entropy over all tokens, in nats. `forkEntropy` is the mean over the forks.
  package var meanEntropy: Double { Self.mean(all.map(\.entropy)) ?? 0 }
  package var forkEntropy: Double? { Self.mean(all.filter(\.isFork).map(\.entropy)) }

  /// The share of all forks that falls in each tenth of the answer.
  package var forksByTenth: [Double] {
    var counts = [Double](repeating: 0, count: 10)
    for answer in answers {
      for (place, token) in answer.tokens.enumerated() where token.isFork {
        counts[min(9, place * 10 / answer.tokens.count)] += 1
      }
    }
    let total = counts.reduce(0, +)
    return total == 0 ? counts : counts.map { $0 / total }
  }

  /// The agreement of each task, in the order of the tasks' names. Needed for a standard error over tasks, since
  /// tokens of one task are not independent.
  package var agreementByTask: [Double] {
    Dictionary(grouping: answers, by: \.task).sorted { $0.key < $1.key }.compactMap { _, group in
      let tokens = group.flatMap(\.tokens)
      return tokens.isEmpty ? nil : 1 - Double(tokens.count(where: \.isFork)) / Double(tokens.count)
    }
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
