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
  /// The files are read once, into a database beside them; later runs open that. It is built again where a file has
  /// changed, and a building that was interrupted leaves nothing behind that would be taken for a database. Memory
  /// stays small whatever the files' size.
  ///
  /// Goals are numbered as WebShop shuffles them (`random.seed(233)`), so that a number names the same goal here as
  /// there.
  ///
  /// - Parameter progress: called on this thread, about once per megabyte read; not at all where the database is there.
  /// - Throws: `misconfigured` where a file is missing or is not of the shape of ``ShopFiles``, `cancelled`, and
  ///   `unavailable` where the database cannot be written.
  public static func files(
    _ files: ShopFiles, progress: (Progress) -> Void = { _ in }
  ) throws(WorldError) -> Catalogue {
    if files.goals == .human, files.humanGoals == nil {
      throw WorldError(
        .misconfigured,
        "Human goals are asked for, and items_human_ins.json is missing. Ask for synthetic ones or add it.")
    }
    if let limit = files.limit, limit < 1 {
      throw WorldError(.misconfigured, "environment.limit is \(limit); at least one product is read.")
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

  /// The database, unless it is missing, damaged, or of other files.
  private static func open(_ files: ShopFiles, fingerprint: String) -> Catalogue? {
    guard FileManager.default.fileExists(atPath: files.store) else { return nil }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.prepareDatabase { database in
      // The connections share the system's cache of the file, rather than each having one of its own.
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
