import Agents
import ChildProcess
import Foundation

/// Where the program of a command is, and what its arguments mean in an attempt's own folder.
struct ProgramPlace: Sendable {
  private enum Place: Sendable, Hashable {
    /// Anywhere else, such as on PATH.
    case absolute(String)
    /// In the folder that is copied for every attempt.
    case inFolder(String)
  }

  private let program: Place
  private let arguments: [String]
  /// The files that the command names as its program: the program itself, or the script of an interpreter.
  let files: [String]

  /// - Parameters:
  ///   - key: the key of the configuration, for messages.
  ///   - folder: the folder that is copied; nil if there is none.
  /// - Throws: `misconfigured` if there is no such program.
  init(_ command: [String], key: String, folder: String?) throws(WorldError) {
    guard let name = command.first, !name.isEmpty else {
      throw WorldError(.misconfigured, "\(key) names no program.")
    }
    var arguments = Array(command.dropFirst())
    var files: [String] = []
    // The script of an interpreter: the first argument, if it is a file. Other arguments stay as they are, since the
    // program may write there.
    if let script = arguments.first, !script.hasPrefix("-") {
      if let folder, let inFolder = Self.file(script, in: folder), !script.hasPrefix("/") {
        files.append(inFolder)
      } else if let here = Self.file(script, in: nil) {
        arguments[0] = here
        files.append(here)
      } else if Self.looksLikeScript(script) {
        throw WorldError(
          .misconfigured, "\(key): there is no file \(script) here\(folder.map { " or in \($0)" } ?? "").")
      }
    }
    program = try Self.find(name, key: key, folder: folder)
    if files.isEmpty, name.contains("/") {
      switch program {
      case .absolute(let path): files.append(path)
      case .inFolder(let inside): files.append("\(folder ?? "")/\(inside)")
      }
    }
    self.arguments = arguments
    self.files = files
  }

  private static func find(_ name: String, key: String, folder: String?) throws(WorldError) -> Place {
    let manager = FileManager.default
    if !name.contains("/") {
      if let path = ChildProgram.onPath(name) { return .absolute(path) }
    } else {
      if let folder, !name.hasPrefix("/"), manager.isExecutableFile(atPath: "\(folder)/\(name)") {
        return .inFolder(name)
      }
      let here = URL(fileURLWithPath: name).path
      if manager.isExecutableFile(atPath: here) { return .absolute(here) }
    }
    throw WorldError(
      .misconfigured, "\(key): there is no program \(name). Give its path, or put it on PATH.")
  }

  /// The path of a file, relative to a folder or to the current one.
  private static func file(_ name: String, in folder: String?) -> String? {
    let base = URL(fileURLWithPath: folder ?? FileManager.default.currentDirectoryPath)
    let path = URL(fileURLWithPath: name, relativeTo: base).path
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    return isThere && !isFolder.boolValue ? path : nil
  }

  private static func looksLikeScript(_ name: String) -> Bool {
    !name.contains("{") && [".py", ".js", ".ts", ".mjs", ".sh", ".rb", ".pl"].contains(where: name.hasSuffix)
  }

  /// The path of the program in an attempt.
  func path(in folder: WorkingFolder) -> String {
    switch program {
    case .absolute(let path): path
    case .inFolder(let name): "\(folder.path)/\(name)"
    }
  }

  /// The arguments for a task, without the program.
  func arguments(task: AgentTask) -> [String] {
    arguments.map { Self.filled($0, task: task.id.rawValue, input: task.request) }
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
}

/// A digest of the files that decide what a program does.
enum IdentityFiles {
  /// Folders that are made by tools and decide nothing.
  private static let skipped: Set<String> = ["__pycache__", ".git", ".venv", "node_modules", ".pytest_cache"]

  /// - Parameter paths: files, and folders with everything in them.
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
      let children = ((try? manager.contentsOfDirectory(atPath: path)) ?? []).sorted()
      for child in children where !skipped.contains(child) { try add("\(path)/\(child)", as: "\(name)/\(child)") }
    }
    for path in paths { try add(path, as: URL(fileURLWithPath: path).lastPathComponent) }
    return String(digest.text.prefix(12))
  }
}
