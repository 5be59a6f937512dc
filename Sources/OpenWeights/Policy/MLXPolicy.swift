import Agents
import Tensors

/// A model in this process as a policy. Particles are answered in shared passes, and common beginnings of prompts are
/// processed once.
package struct MLXPolicy: Policy {
  package let identity: String
  package let encoder: PromptEncoder
  private let generator: Generator
  private let sampling: Sampling
  private let drawn: DrawnTokens?

  /// - Throws: `ModelError`, `TensorError`.
  @TensorActor
  package init(
    _ loaded: LoadedModel, encoder: PromptEncoder, sampling: Sampling, settings: Generator.Settings,
    intervention: Intervention? = nil
  ) throws {
    self.encoder = encoder
    self.sampling = sampling
    drawn = loaded.drawn
    let patched = try intervention.map { " \($0.places.name) of \(try $0.adapter.identity())" } ?? ""
    identity =
      Self.identity(loaded.name, api: encoder.api, format: encoder.format, sampling: sampling) + patched
    generator = try Generator(
      model: loaded.model, tokenizer: loaded.files.tokenizer, adapter: loaded.adapter,
      intervention: intervention, settings: settings)
  }

  package static func identity(
    _ name: String, api: PromptEncoder.API, format: ActionFormat, sampling: Sampling
  ) -> String {
    let topP = sampling.topP < 1 ? " topP \(sampling.topP)" : ""
    return "\(name) mlx \(api) \(format) T \(sampling.temperature)\(topP) max \(sampling.maxTokens)"
  }

  package var format: ActionFormat { encoder.format }
  /// The generator limits the number of running answers and queues the other requests.
  package var limitsConcurrency: Bool { true }

  package func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    if let ended = await request.ended?() { throw ended }
    let prompt: [Int32]
    do { prompt = try encoder.prompt(request.transcript) } catch {
      throw PolicyError(.badRequest, error.description)
    }
    let generation: Generation
    do {
      generation = try await generator.generate(
        GenerationRequest(
          prompt: prompt, sampling: sampling, seed: request.seed, stops: encoder.stops,
          choices: encoder.spelled(request.choices)))
      try drawn?.add(generation, to: prompt, as: String(generation.text.trimmed))
    } catch is CancellationError {
      throw PolicyError(.cancelled, "The run was stopped.")
    } catch let error as ModelError {
      throw PolicyError(error.isTooLong ? .contextTooLong : .badRequest, error.description)
    } catch {
      throw PolicyError(.serverFailed, "The model could not answer: \(error)")
    }
    return PolicyResponse(
      String(generation.text.trimmed), logProbability: generation.logProbabilities.reduce(0) { $0 + Double($1) },
      usage: Usage(
        inputTokens: prompt.count, cachedInputTokens: generation.cachedTokens,
        outputTokens: generation.tokens.count))
  }
}
