import Agents
import Foundation

/// The folders in which the programs of one world work.
struct WorkingFolders: Sendable {
  /// What every path of a working folder contains.
  static let prefix = "coxswain-agents-"
  /// The path of a working folder in what a program asks; it differs from attempt to attempt.
  static let pattern = #"[^\s"'()\[\]<>]*coxswain-agents-[0-9]+-[0-9A-F]+/[0-9]+"#

  private let place: URL

  /// Removes what processes that were killed have left.
  init() {
    let process = ProcessInfo.processInfo.processIdentifier
    place = FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(Self.prefix)\(process)-\(UUID().uuidString.prefix(8))")
    Self.removeAbandoned()
  }

  /// A fresh copy of a folder; an empty one if `template` is nil.
  func folder(copying template: String?, as name: String) throws(WorldError) -> WorkingFolder {
    let path = place.appendingPathComponent(name).path
    let manager = FileManager.default
    do {
      try manager.createDirectory(
        at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      if let template {
        try manager.copyItem(atPath: template, toPath: path)
      } else {
        try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
      }
    } catch {
      throw WorldError(.unavailable, "No working folder could be made at \(path): \(error.localizedDescription)")
    }
    return WorkingFolder(path: path)
  }

  func removeAll() { try? FileManager.default.removeItem(at: place) }

  private static func removeAbandoned() {
    let manager = FileManager.default
    let base = manager.temporaryDirectory
    for name in (try? manager.contentsOfDirectory(atPath: base.path)) ?? [] where name.hasPrefix(prefix) {
      let number = name.dropFirst(prefix.count).prefix { $0.isNumber }
      guard let process = pid_t(number), process > 0, kill(process, 0) != 0, errno == ESRCH else { continue }
      try? manager.removeItem(at: base.appendingPathComponent(name))
    }
  }
}

/// The folder in which one run of a program works.
struct WorkingFolder: Sendable {
  let path: String

  /// Removes a file of the folder.
  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
