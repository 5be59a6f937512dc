import Foundation
import GRDB

/// Opens stores that may be read and not written: on another's disk, on a read-only medium, in an archive.
struct ReadOnlyStore {
  let database: any DatabaseWriter
  /// Of a private copy; to be removed when the store is closed.
  let scratch: URL?

  /// A store that has nothing in it, for a file that is not there.
  static func empty() throws -> ReadOnlyStore {
    let database = try DatabaseQueue()
    try database.write { try Schema.prepare($0, path: "") }
    return ReadOnlyStore(database: database, scratch: nil)
  }

  /// In place where SQLite can, else by a private copy: where a run that was killed has left a `-wal` that would have to be worked
  /// in, and where an older version would have to be brought up to date.
  static func open(_ file: StoreFile) throws -> ReadOnlyStore {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    let hasLog = access(file.name + "-wal", F_OK) == 0
    // Without a log nobody is writing, and SQLite need not lock anything, for which it would have to create files.
    let name = hasLog ? file.name : "file:\(Self.escaped(file.name))?immutable=1"
    if let database = try? DatabaseQueue(path: name, configuration: configuration),
      let isCurrent = try? database.read({ try Schema.isCurrent($0, path: file.path) }), isCurrent
    {
      return ReadOnlyStore(database: database, scratch: nil)
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
        // It comes with the permissions of the original.
        chmod(copy + suffix, 0o600)
      }
      let database = try DatabaseQueue(path: copy)
      try database.write { try Schema.prepare($0, path: file.path) }
      return ReadOnlyStore(database: database, scratch: scratch)
    } catch {
      try? FileManager.default.removeItem(at: scratch)
      throw error
    }
  }

  /// As the path of a URI, which SQLite takes apart at `?`, `#` and `%`.
  private static func escaped(_ path: String) -> String {
    path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
  }
}
