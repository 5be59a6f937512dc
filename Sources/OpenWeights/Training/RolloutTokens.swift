import Agents

/// A stored rollout as tokens of a model: what the policy read and what it drew.
package struct RolloutTokens: Sendable, Codable {
  package let task: TaskID
  package let reward: Double
  /// A growing dialogue is one sequence. A world that shows only the present has one sequence for each step.
  package let sequences: [TokenSequence]
  /// The log-probability of each drawn token when it was drawn, sequence after sequence; nil if any is unknown.
  package let drawnLogProbabilities: [Float]?

  package init(task: TaskID, reward: Double, sequences: [TokenSequence], drawnLogProbabilities: [Float]? = nil) {
    self.task = task
    self.reward = reward
    self.sequences = sequences
    self.drawnLogProbabilities = drawnLogProbabilities
  }

  /// The number of tokens that the policy drew.
  package var drawn: Int { sequences.reduce(0) { $0 + $1.drawn.count } }
  /// The number of tokens that a pass processes.
  package var length: Int { sequences.reduce(0) { $0 + $1.tokens.count } }

  /// Encodes every step as the policy was asked when the rollout was made.
  ///
  /// - Parameter drawn: the tokens in which answers were drawn. Other answers use their usual tokenisation.
  /// - Throws: `ModelError` if the model's chat template rejects the turns.
  package init(
    _ trajectory: Trajectory, of world: any World, encoder: PromptEncoder, drawn: DrawnTokens? = nil
  ) throws(ModelError) {
    var sequences: [TokenSequence] = []
    var logProbabilities: [Float]? = drawn == nil ? nil : []
    for (number, step) in trajectory.steps.enumerated() {
      let past = trajectory.prefix(number)
      let prompt = try encoder.prompt(Self.request(after: past, in: world, format: encoder.format))
      let choices = past.observation.choices
      let exchange: TokenSequence
      if let answer = drawn?.take(step.response, to: prompt) {
        exchange = encoder.exchange(prompt, drawn: answer.tokens, choices: choices)
        logProbabilities? += answer.logProbabilities
      } else {
        exchange = encoder.exchange(prompt, response: step.response, choices: choices)
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

  /// What the policy was asked after a trajectory.
  private static func request(
    after past: Trajectory, in world: any World, format: ActionFormat
  ) -> PolicyRequest {
    let key = CallKey(run: "", task: past.task.id, particle: 0, step: past.count)
    if let world = world as? any QuestionWorld,
      let asked = try? PolicyRequest(after: past, asking: world, seed: Seed(0), key: key)
    {
      return asked
    }
    return PolicyRequest(after: past, in: world, format: format, seed: Seed(0), key: key)
  }
}
