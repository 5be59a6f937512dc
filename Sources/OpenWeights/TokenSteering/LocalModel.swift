import Agents
import Foundation
import ModelFiles
import Tensors
import TokenSteering

/// A model in this process, for programs that steer its tokens.
///
/// ```swift
/// let model = try await LocalModel.open("model.gguf", engine: ".venv/open-weights")
/// let question = try model.asked("Name two colours.")
/// let colours = try Constraint.regex("[a-z]+ and [a-z]+").language().potential(over: model.vocabulary)
/// let smc = try TokenSMC(sampler: RejectionSampler(question, condition: colours), particles: 16, limit: 40)
/// print(try await smc.run(seed: Seed(1)).distribution)
/// ```
public struct LocalModel: Sendable {
  private let next: NextTokens
  private let files: OpenModel

  /// The tokens.
  public var vocabulary: TokenVocabulary { next.vocabulary }

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: a GGUF file, or a folder in Hugging Face's layout.
  ///   - engine: the folder that set-up fills: MLX and the library that `Scripts/native.sh` compiles.
  ///   - adapter: a folder of a low-rank adapter.
  ///   - threads: threads that compute.
  ///   - cacheMegabytes: memory for keys and values.
  /// - Throws: what is missing or cannot be read.
  public static func open(
    _ path: String, engine: String, adapter: String? = nil, threads: Int = 1, cacheMegabytes: Int = 1024
  ) async throws -> LocalModel {
    func file(_ name: String) -> String? {
      FileManager.default.fileExists(atPath: "\(engine)/\(name)") ? "\(engine)/\(name)" : nil
    }
    let ending = file("mlx/lib/libmlx.so") == nil ? "dylib" : "so"
    guard let mlx = file("mlx/lib/libmlx.\(ending)"), let shim = file("libcoxswain_mlx.\(ending)") else {
      throw ModelError("\(engine) has no MLX: give the folder open-weights of set-up's environment, or run make setup.")
    }
    try await Engine.open(
      EngineFiles(
        mlx: mlx, shim: shim, products: file("libcoxswain_blas.\(ending)"),
        blas: file("openblas/lib/libscipy_openblas.\(ending)")))
    await Engine.setThreads(threads)
    let loaded = try await LoadedModel.open(path, adapter: adapter)
    return LocalModel(
      next: try await NextTokens(
        model: loaded.model, tokenizer: loaded.files.tokenizer, adapter: loaded.adapter,
        settings: Generator.Settings(cacheBytes: cacheMegabytes << 20)), files: loaded.files)
  }

  /// The model as it continues a text.
  public func continuing(_ text: String, temperature: Double = 1) throws -> PromptedModel {
    try prompted(.text, text, temperature)
  }

  /// The model as it answers a message, in its own chat template.
  public func asked(_ message: String, temperature: Double = 1) throws -> PromptedModel {
    try prompted(.chat, message, temperature)
  }

  private func prompted(_ api: PromptEncoder.API, _ text: String, _ temperature: Double) throws -> PromptedModel {
    let encoder = try PromptEncoder(files, api: api, format: .plain)
    return try PromptedModel(
      next, prompt: try encoder.prompt(Transcript(entries: [.prompt(text)])), temperature: temperature)
  }

  /// A judge that asks the model a question about a text and weighs its yes against its no.
  ///
  /// - Parameters:
  ///   - scale: the factor of log P(yes).
  ///   - question: the message about a text. It should ask for yes or no.
  public func judge(scale: Double = 1, question: @escaping @Sendable (String) -> String) throws -> Judge {
    let encoder = try PromptEncoder(files, api: .chat, format: .plain)
    func tokens(_ word: String) -> [TokenID] {
      (0..<TokenID(vocabulary.count)).filter { token in
        vocabulary.bytes(of: token).count <= word.utf8.count + 1
          && vocabulary.text(of: [token]).lowercased().trimmed == word
      }
    }
    return try Judge(next, yes: tokens("yes"), no: tokens("no"), scale: scale) { text in
      try encoder.prompt(Transcript(entries: [.prompt(question(text))]))
    }
  }
}
