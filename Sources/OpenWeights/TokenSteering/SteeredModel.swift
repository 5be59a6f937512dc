import Agents
import Constraints
import Synchronization
import Tensors
import TokenSteering

/// A model in process whose answers are drawn by Sequential Monte Carlo over their tokens.
package final class SteeredModel: Sendable {
  package let next: NextTokens
  package let steering: AnswerSteering
  private let allowed: Allowed?
  /// What lists of choices allow, which many questions share.
  private let choices = Mutex<[[String]: Allowed]>([:])
  /// What lists of tools allow, which the questions of a world or an agent share.
  private let calls = Mutex<[CallConstraint: Allowed]>([:])

  private struct Allowed {
    let condition: any TokenCondition
    /// Choices that begin no longer one. They end by themselves, as in plain sampling.
    var whole: Set<[UInt8]> = []
  }

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
    allowed = try steering.constraint.map { constraint in
      let condition = try PrefixedLanguage(lead, constraint.language()).potential(over: next.vocabulary)
      guard case .choices(let texts) = constraint else { return Allowed(condition: condition) }
      return Allowed(condition: condition, whole: Self.whole(texts.map { lead + $0 }))
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
    /// The only calls allowed. They replace the constraint.
    package var calls: CallConstraint?

    package init(
      prompt: [TokenID], temperature: Double = 1, limit: Int, stops: [String] = [], choices: [String]? = nil,
      calls: CallConstraint? = nil
    ) {
      (self.prompt, self.temperature, self.limit) = (prompt, temperature, limit)
      (self.stops, self.choices, self.calls) = (stops, choices, calls)
    }
  }

  /// Draws the particles of one answer. Without a constraint, texts are cut at the limit. With one, a stop ends a text
  /// that cannot continue with it.
  ///
  /// - Throws: `ModelError`, `TokenSteeringError`, `ConstraintError`, `TensorError`, `CancellationError`.
  package func posterior(
    _ question: Question, seed: Seed, observe: (@Sendable (TokenProgress) async throws -> Void)? = nil
  ) async throws -> TokenPosterior {
    let allowed = try question.choices.map(allowed(choices:)) ?? question.calls.map(allowed(calls:)) ?? allowed
    let condition = allowed?.condition
    let model = try PromptedModel(
      next, prompt: question.prompt, temperature: question.temperature, stops: question.stops, condition: condition,
      whole: allowed?.whole ?? [])
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

  private func allowed(choices: [String]) throws -> Allowed {
    if let known = self.choices.withLock({ $0[choices] }) { return known }
    let allowed = Allowed(
      condition: try Constraint.choices(choices).language().potential(over: next.vocabulary),
      whole: Self.whole(choices))
    self.choices.withLock { known in
      if known.count >= 256 { known.removeAll() }
      known[choices] = allowed
    }
    return allowed
  }

  private func allowed(calls: CallConstraint) throws -> Allowed {
    if let known = self.calls.withLock({ $0[calls] }) { return known }
    let allowed = Allowed(condition: try calls.language().potential(over: next.vocabulary))
    self.calls.withLock { known in
      // Few, since each language has a table of its own, of up to 64 MB.
      if known.count >= 16 { known.removeAll() }
      known[calls] = allowed
    }
    return allowed
  }

  /// The choices that begin no other one.
  private static func whole(_ choices: [String]) -> Set<[UInt8]> {
    let sorted = Set(choices.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
    // In this order a text stands directly before those that begin with it.
    return Set(zip(sorted, sorted.dropFirst() + [[]]).filter { $1.isEmpty || !$1.starts(with: $0) }.map(\.0))
  }
}
