import Agents
import Foundation
import GRDB

extension Catalogue {
  /// Progress of building the database.
  public struct Progress: Sendable, Hashable {
    /// Bytes read so far, over all files.
    public let bytesRead: Int
    /// Bytes of all files.
    public let bytes: Int
    /// Products written so far.
    public let products: Int
  }

  /// WebShop's products and goals.
  ///
  /// The files are read once into a database beside them, which later runs open. The database is rebuilt if a file has
  /// changed. An interrupted build leaves no file that could be mistaken for a database. Memory use stays small for
  /// files of any size.
  ///
  /// Goals are numbered in WebShop's shuffled order (`random.seed(233)`), so that a number names the same goal in both.
  ///
  /// - Parameter progress: called on this thread about once per megabyte read; not called if the database already
  ///   exists.
  /// - Throws: `misconfigured` if a file is missing or does not have the form of ``ShopFiles``, `cancelled`, or
  ///   `unavailable` if the database cannot be written.
  public static func files(
    _ files: ShopFiles, progress: (Progress) -> Void = { _ in }
  ) throws(WorldError) -> Catalogue {
    if files.goals == .human, files.humanGoals == nil {
      throw WorldError(
        .misconfigured,
        "environment.goals is human, but items_human_ins.json is missing. Add the file, or set goals: synthetic.")
    }
    if let limit = files.limit, limit < 1 {
      throw WorldError(.misconfigured, "environment.limit is \(limit); it must be at least 1.")
    }
    let fingerprint = try files.fingerprint()
    if let catalogue = open(files, fingerprint: fingerprint) { return catalogue }
    do {
      try CatalogueBuilder.build(files, fingerprint: fingerprint, progress: progress)
    } catch let error as WorldError {
      throw error
    } catch {
      throw WorldError(
        .unavailable,
        "The shop's database \(files.store) cannot be written: \(error). Free some space, or name another place in "
          + "environment.database.")
    }
    guard let catalogue = open(files, fingerprint: fingerprint) else {
      throw WorldError(.unavailable, "The shop's database \(files.store) cannot be read after it was written.")
    }
    return catalogue
  }

  /// The existing database; nil if it is missing, damaged, or of other files.
  private static func open(_ files: ShopFiles, fingerprint: String) -> Catalogue? {
    guard FileManager.default.fileExists(atPath: files.store) else { return nil }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.prepareDatabase { database in
      // Memory mapping makes the connections share the system's page cache.
      try database.execute(sql: "PRAGMA mmap_size = \(1 << 36)")
    }
    let connections = (0..<max(2, min(8, ProcessInfo.processInfo.activeProcessorCount))).compactMap { _ in
      try? DatabaseQueue(path: files.store, configuration: configuration)
    }
    guard let first = connections.first,
      let about = try? first.read({ try Row.fetchAll($0, sql: "SELECT key, value FROM about") }),
      about.contains(where: { $0["key"] == "fingerprint" && $0["value"] == fingerprint }),
      let origin = about.first(where: { $0["key"] == "origin" })
    else { return nil }
    return try? Catalogue(connections: connections, origin: origin["value"])
  }
}
