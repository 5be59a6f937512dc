import Agents
import Constraints
import Tensors
import TokenSteering

/// A model in this process as a policy. Particles are answered in shared passes, and common beginnings of prompts are
/// processed once.
package struct MLXPolicy: Policy {
  package let identity: String
  package let encoder: PromptEncoder
  private let sampling: Sampling
  private let drawn: DrawnTokens?
  private let answers: Answers

  /// How answers are drawn.
  private enum Answers {
    case plain(Generator)
    /// Each by Sequential Monte Carlo over its tokens.
    case steered(SteeredModel)
  }

  /// - Throws: `ModelError`, `TensorError`; `ConstraintError` and `TokenSteeringError` for a constraint that cannot be
  ///   enforced.
  @TensorActor
  package init(
    _ loaded: LoadedModel, encoder: PromptEncoder, sampling: Sampling, settings: Generator.Settings,
    steering: AnswerSteering? = nil, intervention: Intervention? = nil
  ) throws {
    self.encoder = encoder
    self.sampling = sampling
    drawn = loaded.drawn
    let patched = try intervention.map { " \($0.places.name) of \(try $0.adapter.identity())" } ?? ""
    identity =
      Self.identity(
        loaded.name, api: encoder.api, format: encoder.format, sampling: sampling, steering: steering) + patched
    // Each has a cache of its own, so that only one is made.
    answers =
      if let steering {
        .steered(
          try SteeredModel(
            loaded, steering: steering, lead: encoder.api == .text ? " " : "", settings: settings))
      } else {
        .plain(
          try Generator(
            model: loaded.model, tokenizer: loaded.files.tokenizer, adapter: loaded.adapter,
            intervention: intervention, settings: settings))
      }
  }

  package static func identity(
    _ name: String, api: PromptEncoder.API, format: ActionFormat, sampling: Sampling, steering: AnswerSteering? = nil
  ) -> String {
    let topP = sampling.topP < 1 ? " topP \(sampling.topP)" : ""
    let steered = steering.map { " \($0.identity)" } ?? ""
    return "\(name) mlx \(api) \(format) T \(sampling.temperature)\(topP) max \(sampling.maxTokens)\(steered)"
  }

  package var format: ActionFormat { encoder.format }
  /// The generator limits the number of running answers and queues the other requests. Steered answers have no such limit.
  package var limitsConcurrency: Bool {
    if case .plain = answers { true } else { false }
  }

  package func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    if let ended = await request.ended?() { throw ended }
    let prompt: [Int32]
    do { prompt = try encoder.prompt(request.transcript) } catch {
      throw PolicyError(.badRequest, error.description)
    }
    return switch answers {
    case .plain(let generator): try await respond(to: request, prompt: prompt, generator)
    case .steered(let steered): try await respond(to: request, prompt: prompt, steered)
    }
  }

  private func respond(
    to request: PolicyRequest, prompt: [Int32], _ generator: Generator
  ) async throws(PolicyError) -> PolicyResponse {
    let generation: Generation
    do {
      generation = try await generator.generate(
        GenerationRequest(
          prompt: prompt, sampling: sampling, seed: request.seed, stops: encoder.stops,
          choices: encoder.spelled(request.choices)))
      try drawn?.add(generation, to: prompt, as: String(generation.text.trimmed))
    } catch { throw Self.policyError(error) }
    return PolicyResponse(
      String(generation.text.trimmed), logProbability: generation.logProbabilities.reduce(0) { $0 + Double($1) },
      usage: Usage(
        inputTokens: prompt.count, cachedInputTokens: generation.cachedTokens,
        outputTokens: generation.tokens.count))
  }

  /// The answer is drawn by weight from the posterior of its particles. What culled particles drew counts as output.
  private func respond(
    to request: PolicyRequest, prompt: [Int32], _ steered: SteeredModel
  ) async throws(PolicyError) -> PolicyResponse {
    let posterior: TokenPosterior
    do {
      posterior = try await steered.posterior(
        SteeredModel.Question(
          prompt: prompt, temperature: sampling.temperature, limit: sampling.maxTokens, stops: encoder.stops,
          choices: encoder.spelled(request.choices)), seed: request.seed)
    } catch { throw Self.policyError(error) }
    guard let place = posterior.draw(seed: request.seed) else {
      throw PolicyError(
        .unanswered,
        """
        None of \(posterior.answers.count) particles ended an answer that the constraint allows within \
        \(sampling.maxTokens) tokens (\(posterior.overLimit) were too long): raise policy.maxTokens or policy.particles.
        """)
    }
    return PolicyResponse(
      String(posterior.answers[place].text.trimmed),
      usage: Usage(inputTokens: prompt.count, outputTokens: posterior.drawnTokens))
  }

  private static func policyError(_ error: any Error) -> PolicyError {
    switch error {
    case is CancellationError: PolicyError(.cancelled, "The run was stopped.")
    case let error as ModelError: PolicyError(error.isTooLong ? .contextTooLong : .badRequest, error.description)
    case let error as TokenSteeringError: PolicyError(.badRequest, error.message)
    case let error as ConstraintError: PolicyError(.badRequest, "\(error)")
    default: PolicyError(.serverFailed, "The model could not answer: \(error)")
    }
  }
}
