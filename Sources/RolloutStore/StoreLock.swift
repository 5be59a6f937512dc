import Foundation
import Synchronization

/// Locks a store for one process, by whatever name it was opened. The operating system releases the lock when the
/// process ends.
final class StoreLock: Sendable {
  private let file: StoreFile
  private var store: String { file.path }
  /// A file beside the store, since closing any descriptor of SQLite's own file would drop SQLite's locks.
  private var path: String { file.name + "-lock" }
  private let descriptor = Mutex<Int32?>(nil)

  init(_ file: StoreFile) { self.file = file }

  deinit {
    if let descriptor = descriptor.withLock(\.self) { close(descriptor) }
  }

  /// Takes the lock. Does nothing if this process already holds it.
  func acquire() throws(StoreError) {
    let failure: StoreError? = descriptor.withLock { held in
      guard held == nil else { return nil }
      // Links are counted again here, since one may have been made after the store was opened.
      if let status = FileStatus(file.name), status.links > 1, (try? StoreFile(store))?.hasUnknownNames != false {
        return StoreError(
          .busy,
          """
          \(store) has \(status.links) names (hard links), some of them in other folders. Two runs under two names would both pay, \
          and could corrupt the store. Copy the store to a new file (cp), or use a symbolic link.
          """)
      }
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else {
        return errno == ENOSPC
          ? .full(while: "note who uses the store", path: store)
          : StoreError(.unopenable, "Could not create \(path): \(String(cString: strerror(errno))).")
      }
      // A child that this process is just starting holds copies of its descriptors, also of a lock that was given up.
      var patience = 40
      while flock(file, LOCK_EX | LOCK_NB) != 0 {
        let holder = Self.holder(file)
        // A viewer may hold it for a moment, too, to see whether anybody does.
        if errno == EWOULDBLOCK, holder == ProcessInfo.processInfo.processIdentifier || patience > 30, patience > 0 {
          patience -= 1
          usleep(5_000)
          continue
        }
        defer { close(file) }
        guard errno == EWOULDBLOCK else {
          return StoreError(.unopenable, "Could not lock \(path): \(String(cString: strerror(errno))).")
        }
        return StoreError(
          .busy,
          """
          Another process\(holder.map { " (\($0))" } ?? "") is running on \(store). Wait for it to end, or give another path: two \
          runs that request the same answers would both pay for them.
          """)
      }
      // The number serves only messages. The lock holds even if it cannot be written.
      ftruncate(file, 0)
      let text = Array("\(ProcessInfo.processInfo.processIdentifier)".utf8)
      _ = pwrite(file, text, text.count, 0)
      held = file
      return nil
    }
    if let failure { throw failure }
  }

  /// Whether a process has begun a run in the store and not closed it.
  static func isHeld(_ file: StoreFile) -> Bool {
    let descriptor = open(file.name + "-lock", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// The number of the process that holds the lock; nil if it has written none.
  private static func holder(_ file: Int32) -> Int32? {
    // `errno` is the caller's.
    let before = errno
    defer { errno = before }
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(file, &bytes, bytes.count, 0)
    return count > 0 ? Int32(String(decoding: bytes.prefix(count), as: UTF8.self)) : nil
  }
}
