import Agents
import Constraints
import Foundation
import OpenWeights
import Tensors
import TokenSteering

extension Workbench {
  /// Answers prompts by Sequential Monte Carlo over tokens. Needs neither a world nor a store. A prompt that cannot be
  /// answered is reported as a failure; after the user's request to stop, the report has the prompts answered by then.
  ///
  /// - Parameters:
  ///   - settings: of a model in process.
  ///   - keepsPopulations: whether the particles are returned, for pictures.
  /// - Throws: `ConfigurationError` for settings and constraints that cannot be used; errors of reading the model.
  package static func generate(
    _ request: GenerateRequest, policy settings: PolicySettings, keepsPopulations: Bool = false,
    observer: any WorkObserver
  ) async throws -> (report: GenerateReport, populations: [GeneratedPopulation]) {
    guard settings.kind == MLXKind.self else {
      throw ConfigurationError(
        "cox generate needs the weights of a model: give --model, or a configuration whose policy.kind is mlx.")
    }
    try check(request, settings)
    let kind = try MLXKind(settings)
    let loaded = try await kind.load()
    let encoder = try kind.encoder(loaded)
    let steered: SteeredModel
    do {
      steered = try await kind.steered(loaded, by: request.steering)
    } catch let error as TokenSteeringError { throw ConfigurationError(error.message) }
    let work = Task {
      await answers(
        to: request, steered, encoder, settings, model: loaded.name, keepsPopulations: keepsPopulations,
        observer: observer)
    }
    return try await observer.stoppable(
      "Stopping: finished answers are reported. Interrupt again to stop at once.", stop: { work.cancel() },
      { await work.value })
  }

  private static func answers(
    to request: GenerateRequest, _ steered: SteeredModel, _ encoder: PromptEncoder, _ settings: PolicySettings,
    model: String, keepsPopulations: Bool, observer: any WorkObserver
  ) async -> (report: GenerateReport, populations: [GeneratedPopulation]) {
    let steering = request.steering
    var (rows, failures): ([GenerateReport.Prompt], [GenerateReport.Failure]) = ([], [])
    var populations: [GeneratedPopulation] = []
    let meter = observer.begin("Answering", steps: request.prompts.count, unit: "prompts")
    defer { meter.end() }
    for (done, prompt) in request.prompts.enumerated() {
      if Task.isCancelled { break }
      let start = ContinuousClock.now
      let seed = request.seed.split(prompt.id)
      do {
        let tokens = try encoder.prompt(Transcript(entries: [.prompt(prompt.text)]))
        let posterior = try await steered.posterior(
          SteeredModel.Question(
            prompt: tokens, temperature: settings.samplingTemperature, limit: settings.maxTokens,
            stops: steering.constraint == nil ? [] : encoder.stops), seed: seed
        ) { progress in meter.update(done, "\(progress.tokens) tokens, \(progress.running) particles open") }
        rows.append(
          GenerateReport.Prompt(
            prompt, posterior, isConstrained: steering.constraint != nil, promptTokens: tokens.count,
            seconds: (ContinuousClock.now - start).inSeconds, seed: seed))
        if keepsPopulations {
          populations.append(
            GeneratedPopulation(
              number: done + 1, id: prompt.id, prompt: prompt.text, posterior: posterior,
              vocabulary: steered.next.vocabulary, limit: settings.maxTokens))
        }
      } catch {
        // Other prompts and the answers that are finished do not depend on this one.
        if !Task.isCancelled {
          failures.append(GenerateReport.Failure(id: prompt.id, prompt: prompt.text, problem: "\(error)"))
        }
      }
      meter.update(done + 1, "")
    }
    let report = GenerateReport(
      model: model, particles: steering.particles, power: steering.power,
      constraint: steering.constraint?.kind.rawValue, seed: request.seed.rawValue, prompts: rows, failures: failures,
      wasStopped: rows.count + failures.count < request.prompts.count)
    return (report, populations)
  }

  /// Checks what can be checked before the model is read.
  private static func check(_ request: GenerateRequest, _ settings: PolicySettings) throws {
    if let twice = request.prompts.map({ TaskID($0.id) }).firstRepeated {
      throw ConfigurationError("Two prompts have the id \(twice).")
    }
    if let constraint = request.steering.constraint, let problem = constraint.problem {
      throw ConfigurationError("\(constraint.kind.rawValue)\(problem)")
    }
    try MLXKind.checkSteered(settings)
  }
}

extension GenerateReport.Prompt {
  /// - Parameter isConstrained: whether texts are shown as they are. Others are shown without white space around them.
  fileprivate init(
    _ prompt: GenerateRequest.Prompt, _ posterior: TokenPosterior, isConstrained: Bool, promptTokens: Int,
    seconds: Double, seed: Seed
  ) {
    let texts = posterior.answers.map { isConstrained ? $0.text : String($0.text.trimmed) }
    var sums: [String: (weight: Double, particles: Int)] = [:]
    for (text, weight) in zip(texts, posterior.weights) {
      sums[text, default: (0, 0)].weight += weight
      sums[text, default: (0, 0)].particles += 1
    }
    (id, self.prompt) = (prompt.id, prompt.text)
    answer = posterior.draw(seed: seed).map { texts[$0] }
    answers = sums.filter { $0.value.weight > 0 }
      .sorted { ($1.value.weight, $0.key) < ($0.value.weight, $1.key) }
      .map { GenerateReport.Answer(text: $0.key, weight: $0.value.weight, particles: $0.value.particles) }
    (effectiveSampleSize, logEvidence) = (posterior.effectiveSampleSize, posterior.logEvidence)
    resamplings = posterior.genealogy.resamplings
    (overLimit, excluded) = (posterior.overLimit, posterior.excluded)
    (self.promptTokens, outputTokens, self.seconds) = (promptTokens, posterior.drawnTokens, seconds)
  }
}

extension MLXKind {
  @TensorActor
  fileprivate func steered(_ loaded: LoadedModel, by steering: AnswerSteering) throws -> SteeredModel {
    // Nothing is put before the constrained text: the prompt is continued as it stands.
    try SteeredModel(
      loaded, steering: steering, settings: Generator.Settings(cacheBytes: settings.cacheMegabytes << 20))
  }
}
