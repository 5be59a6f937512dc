import Agents
import Foundation

/// Paths in a program's command.
enum Programs {
  /// The program's path: looked up on `PATH` if it has no slash.
  static func find(_ program: String, in folder: String?) -> String? {
    let manager = FileManager.default
    guard program.contains("/") else {
      let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      return folders.map { "\($0)/\(program)" }.first(where: manager.isExecutableFile)
    }
    let here = URL(fileURLWithPath: program).path
    if manager.isExecutableFile(atPath: here) { return here }
    // A program of the folder is found in its copy.
    let inFolder = folder.map { URL(fileURLWithPath: program, relativeTo: URL(fileURLWithPath: $0)).path }
    return inFolder.flatMap { manager.isExecutableFile(atPath: $0) ? $0 : nil }
  }

  /// An argument that names a file here becomes an absolute path, since the program works in another folder. A file that
  /// is in the copied folder, too, is meant there.
  static func absolute(_ argument: String, besides folder: String?) -> String {
    guard let path = file(argument) else { return argument }
    if let folder, FileManager.default.fileExists(atPath: "\(folder)/\(argument)") { return argument }
    return path
  }

  /// The files that a command names.
  static func files(_ command: [String]) -> [String] { command.dropFirst().compactMap(file) }

  private static func file(_ argument: String) -> String? {
    guard argument.contains("/") || argument.contains("."), !argument.contains("{"), !argument.hasPrefix("-") else {
      return nil
    }
    let path = URL(fileURLWithPath: argument).path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { return nil }
    return path
  }

  /// An argument with the task's id and input filled in.
  static func filled(_ argument: String, task: String, input: String) -> String {
    // In one pass, so that an input that holds "{task}" stays as it is.
    var rest = argument[...]
    var filled = ""
    while let brace = rest.firstIndex(of: "{") {
      filled += rest[..<brace]
      rest = rest[brace...]
      if rest.hasPrefix("{task}") {
        filled += task
        rest = rest.dropFirst("{task}".count)
      } else if rest.hasPrefix("{input}") {
        filled += input
        rest = rest.dropFirst("{input}".count)
      } else {
        filled += "{"
        rest = rest.dropFirst()
      }
    }
    return filled + rest
  }

  /// A digest of files and of everything in folders.
  static func digest(of paths: [String]) throws(WorldError) -> String {
    var digest = Digest()
    let manager = FileManager.default
    func add(_ path: String, as name: String) throws(WorldError) {
      var isFolder: ObjCBool = false
      guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw WorldError(.misconfigured, "environment.identityFiles: there is no file or folder \(path).")
      }
      guard isFolder.boolValue else {
        guard let data = manager.contents(atPath: path) else {
          throw WorldError(.misconfigured, "environment.identityFiles: \(path) cannot be read.")
        }
        digest.add(name, data.base64EncodedString())
        return
      }
      for child in ((try? manager.contentsOfDirectory(atPath: path)) ?? []).sorted()
      where !["__pycache__", ".git", ".venv"].contains(child) {
        try add("\(path)/\(child)", as: "\(name)/\(child)")
      }
    }
    for path in paths { try add(path, as: URL(fileURLWithPath: path).lastPathComponent) }
    return String(digest.text.prefix(12))
  }
}
