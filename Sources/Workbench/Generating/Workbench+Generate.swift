import Agents
import Constraints
import Foundation
import OpenWeights
import Tensors
import TokenSteering

extension Workbench {
  /// Answers prompts by Sequential Monte Carlo over tokens. Needs neither a world nor a store.
  ///
  /// - Parameter settings: of a model in process.
  /// - Throws: `ConfigurationError` for settings and constraints that cannot be used; errors of the model;
  ///   `CancellationError`.
  package static func generate(
    _ request: GenerateRequest, policy settings: PolicySettings, observer: any WorkObserver
  ) async throws -> (report: GenerateReport, populations: [GeneratedPopulation]) {
    guard settings.kind == MLXKind.self else {
      throw ConfigurationError(
        "cox generate needs the weights of a model: give --model, or a configuration whose policy.kind is mlx.")
    }
    try check(request.steering, settings)
    let kind = try MLXKind(settings)
    let loaded = try await kind.load()
    let encoder = try kind.encoder(loaded)
    let steered: SteeredModel
    do {
      steered = try await kind.steered(loaded, by: request.steering)
    } catch let error as ConstraintError {
      throw ConfigurationError("\(error)")
    } catch let error as TokenSteeringError { throw ConfigurationError(error.message) }
    var (rows, populations): ([GenerateReport.Prompt], [GeneratedPopulation]) = ([], [])
    let meter = observer.begin("Answering", steps: request.prompts.count, unit: "prompts")
    defer { meter.end() }
    for prompt in request.prompts {
      let tokens = try encoder.prompt(Transcript(entries: [.prompt(prompt.text)]))
      let limit = settings.maxTokens
      let start = ContinuousClock.now
      let done = rows.count
      let posterior: TokenPosterior
      do {
        posterior = try await steered.posterior(
          SteeredModel.Question(prompt: tokens, temperature: settings.samplingTemperature, limit: limit),
          seed: request.seed.split(prompt.id)
        ) { progress in meter.update(done, "\(progress.tokens) tokens, \(progress.running) particles open") }
      } catch let error as ModelError { throw ConfigurationError("Prompt \(prompt.id): \(error.description)") }
      rows.append(
        GenerateReport.Prompt(
          prompt, posterior, promptTokens: tokens.count, seconds: (ContinuousClock.now - start).inSeconds,
          seed: request.seed.split(prompt.id)))
      populations.append(
        GeneratedPopulation(
          id: prompt.id, prompt: prompt.text, posterior: posterior, vocabulary: steered.next.vocabulary, limit: limit))
      meter.update(rows.count, "")
    }
    let steering = request.steering
    return (
      GenerateReport(
        model: loaded.name, particles: steering.particles, power: steering.power,
        constraint: steering.constraint?.kind.rawValue, seed: request.seed.rawValue, prompts: rows), populations
    )
  }

  private static func check(_ steering: AnswerSteering, _ settings: PolicySettings) throws {
    guard (1...1024).contains(steering.particles) else {
      throw ConfigurationError("\(steering.particles) particles were asked for; give a number from 1 to 1024.")
    }
    guard steering.power > 0, steering.power.isFinite else {
      throw ConfigurationError("The power is \(steering.power); it must be above 0.")
    }
    guard settings.samplingTemperature > 0 else {
      throw ConfigurationError("Answers are drawn by weight, which needs a temperature above 0.")
    }
    if let topP = settings.topP, topP < 1 {
      throw ConfigurationError(
        "Weights are under the whole distribution, but topP is \(topP): leave it out.")
    }
  }
}

extension GenerateReport.Prompt {
  fileprivate init(
    _ prompt: GenerateRequest.Prompt, _ posterior: TokenPosterior, promptTokens: Int, seconds: Double, seed: Seed
  ) {
    var counts: [String: Int] = [:]
    for answer in posterior.answers { counts[answer.text, default: 0] += 1 }
    (id, self.prompt) = (prompt.id, prompt.text)
    answer = posterior.draw(seed: seed).map { String(posterior.answers[$0].text.trimmed) }
    answers = posterior.distribution.map {
      GenerateReport.Answer(
        text: String($0.text.trimmed), weight: $0.probability, particles: counts[$0.text] ?? 0)
    }
    (effectiveSampleSize, logEvidence) = (posterior.effectiveSampleSize, posterior.logEvidence)
    resamplings = posterior.genealogy.resamplings
    (overLimit, excluded) = (posterior.overLimit, posterior.excluded)
    (self.promptTokens, outputTokens, self.seconds) = (promptTokens, posterior.drawnTokens, seconds)
  }
}

extension MLXKind {
  @TensorActor
  fileprivate func steered(_ loaded: LoadedModel, by steering: AnswerSteering) throws -> SteeredModel {
    try SteeredModel(
      loaded, steering: steering, lead: settings.api == .text ? " " : "",
      settings: Generator.Settings(cacheBytes: settings.cacheMegabytes << 20))
  }
}
