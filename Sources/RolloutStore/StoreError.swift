import Agents
import Foundation
import GRDB

/// Why the store could not be read or written.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What failed.
  public enum Kind: String, Sendable, Hashable {
    /// Not a Coxswain store, or one of another version.
    case wrongVersion
    /// The file cannot be opened or created.
    case unopenable
    /// The disk is full.
    case full
    /// Another process holds the store.
    case busy
    /// The file or its folder may be read but not written.
    case readOnly
    /// The file was deleted, moved or replaced while it was open.
    case vanished
    /// The file is damaged: its contents are not what was written.
    case damaged
    /// Two stores that were to be merged contradict each other.
    case conflict
    /// Any other error of SQLite; the message quotes it.
    case failed
  }

  /// What failed.
  public let kind: Kind
  /// What was tried, with what, and what to do next.
  public let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  init(_ error: any Error, while action: String, path: String) {
    if let error = error as? StoreError {
      self = error
      return
    }
    let code = (error as? DatabaseError)?.resultCode
    let detail = (error as? DatabaseError)?.message ?? String(describing: error)
    switch code {
    case .SQLITE_FULL: self = .full(while: action, path: path)
    // SQLite reports a write past a file size limit or a quota with an error code of its own.
    case .SQLITE_IOERR where (error as? DatabaseError)?.extendedResultCode == .SQLITE_IOERR_WRITE:
      self = .full(while: action, path: path)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        .busy, "Another process is writing to \(path): could not \(action). Wait for it, or give another path.")
    case .SQLITE_NOTADB:
      let start = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: 64)
      let form = start.flatMap { FileForm($0) }.map { " It \($0.explanation)" } ?? ""
      self.init(.wrongVersion, "\(path) is not a Coxswain store.\(form) Give another path, or move the file away.")
    case .SQLITE_READONLY: self = .readOnly(while: action, path: path)
    case .SQLITE_CANTOPEN:
      self.init(
        .unopenable, "Could not open the store \(path): \(detail). Check that its folder exists and is writable.")
    // The statements never change. If one no longer fits the tables, the tables have changed.
    case .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_FORMAT:
      self = .damaged("could not \(action): \(detail)", path: path)
    case nil where error is RowDecodingError || error is DecodingError:
      self = .damaged("could not \(action): \(detail)", path: path)
    default:
      self.init(.failed, "Could not \(action) in \(path): \(detail)")
    }
  }

  static func damaged(_ what: String, path: String) -> StoreError {
    StoreError(
      .damaged,
      """
      The store \(path) is damaged: \(what). Restore a backup, or save what can still be read with \
      `sqlite3 \(path) .recover | sqlite3 new.sqlite`, or give another path.
      """)
  }

  static func full(while action: String, path: String) -> StoreError {
    StoreError(
      .full,
      """
      There is no room to write (a full disk, a quota or a file size limit): could not \(action) in \(path). What is \
      stored is safe. Make room and run the same command to continue.
      """)
  }

  static func readOnly(while action: String, path: String) -> StoreError {
    StoreError(
      .readOnly,
      "Could not \(action): the store \(path), or its folder, is read-only. Give another path, or copy the store.")
  }

  public var description: String { message }
}
