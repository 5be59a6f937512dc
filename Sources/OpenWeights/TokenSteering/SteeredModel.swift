import Agents
import Constraints
import Synchronization
import Tensors
import TokenSteering

/// A model in process whose answers are drawn by Sequential Monte Carlo over their tokens.
package final class SteeredModel: Sendable {
  package let next: NextTokens
  package let steering: AnswerSteering
  private let condition: (any TokenCondition)?
  /// The conditions of lists of choices, which many questions share.
  private let conditions = Mutex<[[String]: any TokenCondition]>([:])

  /// - Parameter lead: what answers begin with before the constrained text.
  /// - Throws: `ConstraintError`, `TokenSteeringError` if the tokens cannot spell the constraint, `TensorError`.
  @TensorActor
  package init(
    _ loaded: LoadedModel, steering: AnswerSteering, lead: String = "",
    settings: Generator.Settings = Generator.Settings()
  ) throws {
    let next = try NextTokens(
      model: loaded.model, tokenizer: loaded.files.tokenizer, adapter: loaded.adapter, settings: settings)
    (self.next, self.steering) = (next, steering)
    condition = try steering.constraint.map {
      try PrefixedLanguage(lead, $0.language()).potential(over: next.vocabulary)
    }
  }

  /// What is asked.
  package struct Question: Sendable {
    package var prompt: [TokenID]
    package var temperature: Double
    /// The most tokens of the answer.
    package var limit: Int
    package var stops: [String] = []
    /// The only texts allowed, with what they begin with. They replace the constraint.
    package var choices: [String]?

    package init(
      prompt: [TokenID], temperature: Double = 1, limit: Int, stops: [String] = [], choices: [String]? = nil
    ) {
      (self.prompt, self.temperature, self.limit) = (prompt, temperature, limit)
      (self.stops, self.choices) = (stops, choices)
    }
  }

  /// Draws the particles of one answer. Without a constraint, texts are cut at the limit.
  ///
  /// - Throws: `ModelError`, `TokenSteeringError`, `ConstraintError`, `TensorError`, `CancellationError`.
  package func posterior(
    _ question: Question, seed: Seed, observe: (@Sendable (TokenProgress) async throws -> Void)? = nil
  ) async throws -> TokenPosterior {
    let condition = try question.choices.map(condition(choices:)) ?? condition
    // A constraint says where an answer ends.
    let model = try PromptedModel(
      next, prompt: question.prompt, temperature: question.temperature, stops: condition == nil ? question.stops : [])
    guard question.limit > 0, question.limit < model.room else {
      throw ModelError(
        """
        A prompt of \(question.prompt.count) tokens and an answer of \(question.limit) do not fit into the model's \
        \(next.maximumPositions) positions.
        """, isTooLong: true)
    }
    let sampler: any TokenSampler =
      steering.power == 1 ? try sampler(model, condition) : try sampler(model.raised(to: steering.power), condition)
    let smc = try TokenSMC(
      sampler: sampler, particles: steering.particles, limit: question.limit, cutsAtLimit: condition == nil)
    return try await smc.run(seed: seed, observe: observe)
  }

  private func sampler(
    _ model: some Potential, _ condition: (any TokenCondition)?
  ) throws(TokenSteeringError) -> any TokenSampler {
    guard let condition else { return LocalSampler(model) }
    return try RejectionSampler(model, condition: condition, patience: 64)
  }

  private func condition(choices: [String]) throws -> any TokenCondition {
    if let known = conditions.withLock({ $0[choices] }) { return known }
    let condition = try Constraint.choices(choices).language().potential(over: next.vocabulary)
    conditions.withLock { conditions in
      if conditions.count >= 256 { conditions.removeAll() }
      conditions[choices] = condition
    }
    return condition
  }
}
