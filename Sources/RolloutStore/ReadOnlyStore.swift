import Foundation
import GRDB

/// Opens stores that this process may read but not write, for example on a read-only medium or in an archive.
struct ReadOnlyStore {
  let database: any DatabaseWriter
  /// The folder of a private copy, to be removed when the store is closed.
  let scratch: URL?
  /// Whether what other processes write from now on is seen.
  let isLive: Bool

  /// An empty store, used if the file does not exist.
  static func empty() throws -> ReadOnlyStore {
    let database = try DatabaseQueue()
    try database.write { try Schema.prepare($0, path: "") }
    return ReadOnlyStore(database: database, scratch: nil, isLive: false)
  }

  /// Opens the store in place if SQLite can, otherwise as a private copy. A copy is needed if a killed run has left a
  /// `-wal` that must be merged, or if an older version must be migrated.
  static func open(_ file: StoreFile) throws -> ReadOnlyStore {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    let hasLog = access(file.name + "-wal", F_OK) == 0
    // Without a log no process is writing, so SQLite need not lock. Locking would require it to create files.
    let name = hasLog ? file.name : "file:\(Self.escaped(file.name))?immutable=1"
    if let database = try? DatabaseQueue(path: name, configuration: configuration),
      let isCurrent = try? database.read({ try Schema.isCurrent($0, path: file.path) }), isCurrent
    {
      return ReadOnlyStore(database: database, scratch: nil, isLive: hasLog)
    }
    return try copy(file)
  }

  private static func copy(_ file: StoreFile) throws -> ReadOnlyStore {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-store-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
      let copy = scratch.appendingPathComponent("store.sqlite").path
      for suffix in ["", "-wal"] where access(file.name + suffix, F_OK) == 0 {
        try FileManager.default.copyItem(atPath: file.name + suffix, toPath: copy + suffix)
        // The copy has the permissions of the original.
        chmod(copy + suffix, 0o600)
      }
      let database = try DatabaseQueue(path: copy)
      try database.write { try Schema.prepare($0, path: file.path) }
      return ReadOnlyStore(database: database, scratch: scratch, isLive: false)
    } catch {
      try? FileManager.default.removeItem(at: scratch)
      throw error
    }
  }

  /// Escapes a path for a URI, in which SQLite treats `?`, `#` and `%` specially.
  private static func escaped(_ path: String) -> String {
    path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
  }
}
