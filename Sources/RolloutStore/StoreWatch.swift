import Foundation
import GRDB
import Synchronization

/// Detects that a store's file was deleted, moved or replaced while it is open. SQLite would go on writing to a file
/// that can no longer be found.
final class StoreWatch: Sendable {
  private let file: StoreFile
  private let identity: FileStatus.Identity?
  private let found = Mutex<StoreError?>(nil)

  init(_ file: StoreFile) {
    self.file = file
    identity = FileStatus(file.name)?.identity
  }

  /// Throws if the file is gone. The first time, the store's contents are written to another file while this process
  /// still has them.
  ///
  /// Call it after a commit: it then confirms that the committed data are in the file at the store's path.
  func check(_ database: any DatabaseWriter) throws(StoreError) {
    if let error = found.withLock(\.self) { throw error }
    let isThere =
      FileStatus(file.name)?.identity == identity
      // SQLite keeps the log as long as the store is open.
      && access(file.name + "-wal", F_OK) == 0
    guard !isThere else { return }
    let error = found.withLock { found in
      let error = found ?? rescued(database)
      found = error
      return error
    }
    throw error
  }

  /// The error to report: that the file is gone, if it is; otherwise `error`.
  func explained(_ error: any Error, _ database: any DatabaseWriter, while action: String) -> StoreError {
    do throws(StoreError) { try check(database) } catch { return error }
    return StoreError(error, while: action, path: file.path)
  }

  private func rescued(_ database: any DatabaseWriter) -> StoreError {
    let what = "The store \(file.path) was deleted, moved or replaced while the run was writing to it."
    let places = (0..<100).lazy.map { self.file.name + ".rescued" + ($0 == 0 ? "" : "-\($0)") }
    guard let place = places.first(where: { access($0, F_OK) != 0 }) else { return StoreError(.vanished, what) }
    do {
      try FileManager.default.createDirectory(atPath: file.folder, withIntermediateDirectories: true)
      try database.vacuum(into: place)
      return StoreError(
        .vanished,
        "\(what) Its contents are in \(place): move that file to \(file.path), and run the same command to continue."
      )
    } catch {
      return StoreError(
        .vanished,
        "\(what) Its contents could not be saved: \(StoreError(error, while: "save it", path: place).message)")
    }
  }
}
