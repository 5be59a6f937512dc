#if OpenWeights
  import Agents

  /// A stored rollout in the tokens of a model: what its policy read, and what it drew.
  public struct RolloutTokens: Sendable, Codable {
    public let task: TaskID
    public let reward: Double
    /// A dialogue that only grows is one sequence; a world that shows the present alone has one for every step.
    public let sequences: [TokenSequence]

    public init(task: TaskID, reward: Double, sequences: [TokenSequence]) {
      self.task = task
      self.reward = reward
      self.sequences = sequences
    }

    /// How many tokens the policy drew.
    public var drawn: Int { sequences.reduce(0) { $0 + $1.drawn.count } }
    /// How many tokens a pass over it works through.
    public var length: Int { sequences.reduce(0) { $0 + $1.tokens.count } }

    /// Every step asked again, as the policy was asked when the rollout was made.
    public init(_ trajectory: Trajectory, of suite: any TaskSuite, encoder: PromptEncoder) {
      var sequences: [TokenSequence] = []
      for (number, step) in trajectory.steps.enumerated() {
        let past = trajectory.prefix(number)
        let exchange = encoder.exchange(
          encoder.format.applied(to: suite.transcript(for: past)), response: step.response,
          choices: past.observation.choices)
        guard !exchange.drawn.isEmpty else { continue }
        if let whole = sequences.last?.continued(by: exchange) {
          sequences[sequences.count - 1] = whole
        } else {
          sequences.append(exchange)
        }
      }
      self.init(task: trajectory.task.id, reward: trajectory.reward, sequences: sequences)
    }
  }
#endif
