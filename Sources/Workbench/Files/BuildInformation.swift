import Foundation
import HTTP

/// What this program was built from, for `cox --version`.
package enum BuildInformation {
  /// The version, the commit, the system, and whether models can run in this process.
  package static var text: String {
    let commit = commit(of: Installation.program).map { " (\($0.prefix(12)))" } ?? ""
    return "cox \(ProductVersion.number)\(commit), \(parts.joined(separator: ", "))"
  }

  private static var parts: [String] {
    let models =
      if case .success = Installation.current.engine { "models in process (MLX)" } else {
        "no MLX for models in process"
      }
    #if os(Linux)
      return ["Linux", models]
    #else
      return ["macOS", models]
    #endif
  }

  /// The commit that an installation names in `share/coxswain/commit`, otherwise that of the repository in which the
  /// program was built; nil if there is neither.
  static func commit(of program: String?) -> String? {
    guard let program else { return nil }
    for folder in Installation.foldersAbove(program) {
      if let commit = word("\(folder)/share/coxswain/commit") { return commit }
      if let commit = head(of: "\(folder)/.git") { return commit }
    }
    return nil
  }

  /// What is checked out in a repository.
  private static func head(of git: String) -> String? {
    guard let head = line("\(git)/HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return isCommit(head) ? head : nil }
    let name = head.dropFirst("ref: ".count)
    if let commit = word("\(git)/\(name)") { return commit }
    let packed = (try? String(contentsOfFile: "\(git)/packed-refs", encoding: .utf8)) ?? ""
    let commit = packed.split(separator: "\n").first { $0.hasSuffix(" \(name)") }?.split(separator: " ").first
    return commit.map(String.init).flatMap { isCommit($0) ? $0 : nil }
  }

  private static func word(_ path: String) -> String? { line(path).flatMap { isCommit($0) ? $0 : nil } }

  private static func line(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").first.map(String.init)
  }

  private static func isCommit(_ text: String) -> Bool { text.count >= 40 && text.allSatisfy(\.isHexDigit) }
}
