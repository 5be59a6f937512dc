import Foundation

/// The file of a store, resolved to one name.
///
/// SQLite keeps pending changes in a `-wal` file beside the name that was opened. A file opened by two names gets two
/// of them, and answers are lost or the file is corrupted. So symbolic links are followed, and one of several hard
/// links is always chosen.
struct StoreFile: Sendable {
  /// The path as given, for messages.
  let path: String
  /// The path that is opened and locked.
  let name: String
  /// Some hard links are in other folders, where they cannot be found.
  let hasUnknownNames: Bool

  /// - Parameter path: the path of an existing file.
  init(_ path: String) throws(StoreError) {
    self.path = path
    let resolved = Self.resolved(path)
    guard let links = FileStatus(resolved)?.links, links > 1 else {
      (name, hasUnknownNames) = (resolved, false)
      return
    }
    let names = Self.names(of: resolved)
    hasUnknownNames = names.count < links
    // A name with a `-wal` of a killed run takes precedence, since the file must be read by that name.
    let unfinished = names.filter { (FileStatus($0 + "-wal")?.size ?? 0) > 0 }
    guard unfinished.count <= 1 else {
      throw StoreError(
        .unopenable,
        """
        \(path) has several names (hard links), and runs under \(unfinished.joined(separator: " and ")) have left a -wal file \
        each. Copy the one to continue with to a new file (cp, with its -wal), and remove the links.
        """)
    }
    name = unfinished.first ?? names.min() ?? resolved
  }

  var folder: String { URL(fileURLWithPath: name).deletingLastPathComponent().path }

  /// The folder must be writable too, since SQLite writes files of its own beside the store.
  var isWritable: Bool { access(name, W_OK) == 0 && access(folder, W_OK) == 0 }

  /// Creates the folder and an empty file if they are missing. The file's name can be resolved only once it exists.
  static func create(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      if errno == ENOSPC || errno == EDQUOT { throw StoreError.full(while: "create the store", path: path) }
      throw StoreError(
        .unopenable,
        "Could not create the store \(path): \(String(cString: strerror(errno))). Give another path, or make its folder writable."
      )
    }
    close(file)
  }

  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// All names of the file in its folder, as paths.
  private static func names(of path: String) -> [String] {
    guard let own = FileStatus(path)?.identity else { return [] }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .map { "\(folder)/\($0)" }.filter { FileStatus($0)?.identity == own }
  }
}

/// The status of a file, with symbolic links followed.
struct FileStatus: Sendable {
  /// Identifies a file independently of its name.
  struct Identity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
  }

  let identity: Identity
  let links: Int
  let size: Int
  /// Nanoseconds since 1970.
  let modified: Int

  /// nil if the file does not exist.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    identity = Identity(
      device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino))
    links = Int(status.st_nlink)
    size = Int(status.st_size)
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    modified = Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
  }
}
