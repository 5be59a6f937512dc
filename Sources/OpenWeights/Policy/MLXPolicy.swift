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
            loaded, steering: steering, lead: encoder.lead, settings: settings))
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
    let asked: (prompt: [Int32], tools: OfferedTools)
    do { asked = try encoder.asked(request) } catch {
      throw PolicyError(.badRequest, error.description)
    }
    return switch answers {
    case .plain(let generator): try await respond(to: request, asked.prompt, asked.tools, generator)
    case .steered(let steered): try await respond(to: request, asked.prompt, asked.tools, steered)
    }
  }

  private func respond(
    to request: PolicyRequest, _ prompt: [Int32], _ tools: OfferedTools, _ generator: Generator
  ) async throws(PolicyError) -> PolicyResponse {
    let generation: Generation
    let choices = encoder.spelled(request.choices)
    let answer: String
    do {
      generation = try await generator.generate(
        GenerationRequest(
          prompt: prompt, sampling: sampling, seed: request.seed, stops: encoder.stops,
          choices: choices))
      answer =
        choices == nil ? tools.answer(String(generation.text.trimmed)) : encoder.constrained(generation.text)
      try drawn?.add(generation, to: prompt, as: answer)
    } catch { throw Self.policyError(error) }
    return PolicyResponse(
      answer, logProbability: generation.logProbabilities.reduce(0) { $0 + Double($1) },
      usage: Usage(
        inputTokens: prompt.count, cachedInputTokens: generation.cachedTokens,
        outputTokens: generation.tokens.count))
  }

  /// The answer is drawn by weight from the posterior of its particles. What culled particles drew counts as output.
  private func respond(
    to request: PolicyRequest, _ prompt: [Int32], _ tools: OfferedTools, _ steered: SteeredModel
  ) async throws(PolicyError) -> PolicyResponse {
    let posterior: TokenPosterior
    let choices = encoder.spelled(request.choices)
    let calls = steered.steering.holdsCalls ? tools.constraint(encoder.callForm) : nil
    if steered.steering.holdsCalls, calls == nil, request.question == nil {
      throw PolicyError(
        .badRequest, "policy.constraint is tools, and nothing offers tools to the model: set policy.format to tools.")
    }
    do {
      posterior = try await steered.posterior(
        SteeredModel.Question(
          prompt: prompt, temperature: sampling.temperature, limit: sampling.maxTokens, stops: encoder.stops,
          choices: choices, calls: calls), seed: request.seed)
    } catch { throw Self.policyError(error) }
    guard let place = posterior.draw(seed: request.seed) else {
      throw PolicyError(
        .unanswered,
        """
        None of \(posterior.answers.count) particles ended an answer that the constraint allows within \
        \(sampling.maxTokens) tokens (\(posterior.overLimit) were too long): raise policy.maxTokens or policy.particles.
        """)
    }
    let text = posterior.answers[place].text
    let answer =
      switch (calls?.form, choices == nil && steered.steering.constraint == nil) {
      case (.tagged, _), (nil, false): encoder.constrained(text)
      // Calls without marks are given their marks.
      case (.bare, _): tools.answer(text)
      case (nil, true): tools.answer(String(text.trimmed))
      }
    return PolicyResponse(
      answer,
      usage: Usage(inputTokens: prompt.count, outputTokens: posterior.drawnTokens))
  }

  private static func policyError(_ error: any Error) -> PolicyError {
    switch error {
    case is CancellationError: PolicyError(.cancelled, "The run was stopped.")
    case let error as ModelError: PolicyError(error.isTooLong ? .contextTooLong : .badRequest, error.description)
    case let error as TokenSteeringError: PolicyError(.badRequest, error.message)
    case let error as ConstraintError: PolicyError(.badRequest, "policy.constraint cannot be enforced: \(error)")
    default: PolicyError(.serverFailed, "The model could not answer: \(error)")
    }
  }
}
