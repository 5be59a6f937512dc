import Foundation
import GRDB

/// Follows a store for readers: a file that another process may create, write to, replace or delete meanwhile.
package actor StoreFollower {
  /// What there is to read.
  package enum State: Sendable {
    /// There is no such file.
    case missing
    case unreadable(StoreError)
    /// - Parameters:
    ///   - searching: the same store on a connection of its own, for what takes long.
    case open(RolloutStore, searching: RolloutStore)
  }

  /// What tells one state of the files from another without opening them.
  private struct Signature: Equatable {
    let file: FileStatus.Identity
    let size: Int
    let modified: Int
    let log: Int?
    let logModified: Int?
    let name: String

    init?(_ path: String) {
      guard FileStatus(path) != nil, let name = (try? StoreFile(path))?.name, let status = FileStatus(name) else {
        return nil
      }
      let log = FileStatus(name + "-wal")
      (file, size, modified, self.name) = (status.identity, status.size, status.modified, name)
      (self.log, logModified) = (log?.size, log?.modified)
    }
  }

  /// The path of the SQLite file, as given.
  package nonisolated let path: String
  package private(set) var state = State.missing
  private var seen: Signature?
  private var isLive = false
  private var isCopy = false
  private var version: Int?
  private var opened = ContinuousClock.now
  /// When it is seen whether the log can be merged.
  private var mergeAt = ContinuousClock.now

  package init(_ path: String) { self.path = path }

  /// Looks whether anything was written.
  ///
  /// - Returns: whether what is stored may differ from what it was at the last look.
  package func look() async -> Bool {
    if await hasNews() { return true }
    // Here no connection is held by a variable.
    if isLive, ContinuousClock.now >= mergeAt { mergeLog() }
    return false
  }

  private func hasNews() async -> Bool {
    guard let now = Signature(path) else {
      let wasThere = seen != nil
      (state, seen, isLive) = (.missing, nil, false)
      return wasThere
    }
    guard case .open(let store, _) = state, let seen else {
      // A file that could not be read is tried again once it is another one.
      guard now != seen else { return false }
      open(now)
      return true
    }
    guard isLive else {
      // A copy of a large store takes a while.
      guard now != seen, !isCopy || ContinuousClock.now - opened > .seconds(2) else { return false }
      open(now)
      return true
    }
    guard now.file == seen.file, now.log != nil, let version = try? await store.dataVersion() else {
      open(now)
      return true
    }
    if version != self.version {
      (self.version, mergeAt) = (version, .now + .seconds(3))
      return true
    }
    return false
  }

  private func open(_ now: Signature) {
    (seen, version, opened, mergeAt) = (now, nil, .now, .now + .seconds(3))
    do {
      let file = try StoreFile(path)
      let first = try ReadOnlyStore.open(file)
      let store = RolloutStore(first, path: path)
      isLive = first.isLive
      isCopy = first.scratch != nil
      let second = isCopy ? store : RolloutStore(try ReadOnlyStore.open(file), path: path)
      state = .open(store, searching: second)
    } catch {
      (isLive, isCopy) = (false, false)
      state = .unreadable(StoreError(error, while: "open the store", path: path))
    }
  }

  /// Merges the log that a run could not merge at its end because this process was reading. Otherwise the results of
  /// the run would stay in two files, and a copy of the first would lack some.
  private func mergeLog() {
    mergeAt = .now + .seconds(10)
    guard let file = try? StoreFile(path), file.isWritable, !StoreLock.isHeld(file) else { return }
    (state, isLive) = (.missing, false)
    Self.merge(file)
    if let now = Signature(path) { open(now) }
    mergeAt = .now + .seconds(10)
  }

  /// Closes the store. A log that nobody writes to is merged.
  package func end() {
    let wasLive = isLive
    (state, seen, isLive) = (.missing, nil, false)
    guard wasLive, let file = try? StoreFile(path), file.isWritable, !StoreLock.isHeld(file) else { return }
    Self.merge(file)
  }

  private static func merge(_ file: StoreFile) {
    var configuration = Configuration()
    configuration.busyMode = .timeout(1)
    if let database = try? DatabaseQueue(path: file.name, configuration: configuration) {
      _ = try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
      try? database.close()
    }
  }
}

extension RolloutStore {
  /// Changes with every commit of another connection.
  fileprivate func dataVersion() async throws(StoreError) -> Int {
    try await read("look for news") { try Int.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
  }
}
