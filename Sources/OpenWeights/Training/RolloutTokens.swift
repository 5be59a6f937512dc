#if OpenWeights
  import Agents

  /// A stored rollout in the tokens of a model: what its policy read, and what it drew.
  package struct RolloutTokens: Sendable, Codable {
    package let task: TaskID
    package let reward: Double
    /// A dialogue that only grows is one sequence; a world that shows the present alone has one for every step.
    package let sequences: [TokenSequence]
    /// Of each drawn token when it was drawn, sequence after sequence; nil where it is not known of all.
    package let drawnLogProbabilities: [Float]?

    package init(task: TaskID, reward: Double, sequences: [TokenSequence], drawnLogProbabilities: [Float]? = nil) {
      self.task = task
      self.reward = reward
      self.sequences = sequences
      self.drawnLogProbabilities = drawnLogProbabilities
    }

    /// How many tokens the policy drew.
    package var drawn: Int { sequences.reduce(0) { $0 + $1.drawn.count } }
    /// How many tokens a pass over it works through.
    package var length: Int { sequences.reduce(0) { $0 + $1.tokens.count } }

    /// Every step asked again, as the policy was asked when the rollout was made.
    ///
    /// - Parameter drawn: knows in which tokens answers were drawn; the others are taken in their usual ones.
    /// - Throws: `ModelError` where the model's chat template refuses the turns.
    package init(
      _ trajectory: Trajectory, of world: any World, encoder: PromptEncoder, drawn: DrawnTokens? = nil
    ) throws(ModelError) {
      var sequences: [TokenSequence] = []
      var logProbabilities: [Float]? = drawn == nil ? nil : []
      for (number, step) in trajectory.steps.enumerated() {
        let past = trajectory.prefix(number)
        let transcript = encoder.format.applied(to: world.transcript(for: past))
        let choices = past.observation.choices
        let exchange: TokenSequence
        let prompt = drawn == nil ? [] : try encoder.prompt(transcript)
        if let answer = drawn?.take(step.response, to: prompt) {
          exchange = encoder.exchange(prompt, drawn: answer.tokens, choices: choices)
          logProbabilities? += answer.logProbabilities
        } else {
          exchange = try encoder.exchange(transcript, response: step.response, choices: choices)
          if !exchange.drawn.isEmpty { logProbabilities = nil }
        }
        guard !exchange.drawn.isEmpty else { continue }
        if let whole = sequences.last?.continued(by: exchange) {
          sequences[sequences.count - 1] = whole
        } else {
          sequences.append(exchange)
        }
      }
      self.init(
        task: trajectory.task.id, reward: trajectory.reward, sequences: sequences,
        drawnLogProbabilities: logProbabilities)
    }
  }
#endif
