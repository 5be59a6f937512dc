import Agents
import Foundation
import GRDB

/// Builds the database of WebShop's files, under a temporary name until it is complete.
struct CatalogueBuilder {
  private let files: ShopFiles
  private let database: Database
  private let draft: String
  private let total: Int
  private let progress: (Catalogue.Progress) -> Void
  private var bytesRead = 0
  private var products = 0
  /// The number of goals so far, which is the number of the next goal.
  private var goals = 0
  private var digests: [UInt64] = []

  static func build(
    _ files: ShopFiles, fingerprint: String, progress: (Catalogue.Progress) -> Void
  ) throws {
    removeAbandonedDrafts(of: files.store)
    let draft = "\(files.store).\(UUID().uuidString)\(draftSuffix)"
    defer { try? FileManager.default.removeItem(atPath: draft) }
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      // An interrupted draft is discarded, so durability is not needed.
      try database.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536")
    }
    let queue = try DatabaseQueue(path: draft, configuration: configuration)
    try withoutActuallyEscaping(progress) { progress in
      try queue.write { database in
        var builder = CatalogueBuilder(files: files, database: database, draft: draft, progress: progress)
        try builder.build(fingerprint: fingerprint)
      }
    }
    try queue.close()
    // Replaces an older database. Readers that have it open keep the old file.
    guard rename(draft, files.store) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  private static let draftSuffix = ".building"

  /// Removes drafts of killed processes. A draft written to within the last hour may belong to a running process.
  private static func removeAbandonedDrafts(of store: String) {
    let store = URL(filePath: store)
    let folder = store.deletingLastPathComponent().path
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(store.lastPathComponent + ".") && name.hasSuffix(draftSuffix) {
      let path = "\(folder)/\(name)"
      let written = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
      if let written, written.timeIntervalSinceNow < -3600 { try? FileManager.default.removeItem(atPath: path) }
    }
  }

  private init(
    files: ShopFiles, database: Database, draft: String, progress: @escaping (Catalogue.Progress) -> Void
  ) {
    self.files = files
    self.database = database
    self.draft = draft
    self.progress = progress
    total = files.sources.reduce(0) { sum, path in
      let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
      return sum + (size?.intValue ?? 0)
    }
  }

  private mutating func build(fingerprint: String) throws {
    try database.execute(sql: Catalogue.tables)
    try database.execute(
      sql: """
        CREATE TEMP TABLE attributeEntry (asin TEXT PRIMARY KEY, entry BLOB NOT NULL);
        CREATE TEMP TABLE humanEntry (asin TEXT PRIMARY KEY, entry BLOB NOT NULL);
        """)
    try readByASIN(files.attributes, into: "attributeEntry")
    if files.goals == .human, let path = files.humanGoals { try readByASIN(path, into: "humanEntry") }
    try readProducts()
    guard products > 0, goals > 0 else {
      throw WorldError(
        .misconfigured,
        "\(files.products) has \(products) products and \(goals) \(files.goals.rawValue) goals for them; check that "
          + "the files belong together (\(files.sources.joined(separator: ", "))).")
    }
    try numberGoals()
    var digest = Digest()
    for part in digests { digest.add(String(part)) }
    let rule = files.goals == .synthetic ? " with named options" : ""
    let tagger = try files.tagger.map { ", nouns by \(try Tagger(path: $0).tag(database, draft: draft))" } ?? ""
    let origin = "\(products) products, \(goals) \(files.goals.rawValue) goals\(rule)\(tagger), files \(digest.text)"
    try database.execute(
      sql: "INSERT INTO about VALUES ('fingerprint', ?), ('origin', ?)", arguments: [fingerprint, origin])
    try database.execute(sql: "INSERT INTO search (search) VALUES ('optimize')")
  }

  /// Stores each entry of an object under its key, as a separate object.
  private mutating func readByASIN(_ path: String, into table: String) throws {
    // The table name is not input, so interpolating it is safe.
    let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO \(table) VALUES (?, ?)")
    try read(path) { entry, _ in
      let object = [UInt8(ascii: "{")] + entry + [UInt8(ascii: "}")]
      guard let asin = try JSONReader.value(of: object[...]).members.first?.key else { return true }
      try statement.execute(arguments: [asin, Data(object)])
      return true
    }
  }

  private mutating func readProducts() throws {
    var prices = MersenneTwister(seed: 233)
    var entries = 0
    let limit = files.limit ?? .max
    let known = try database.cachedStatement(sql: "SELECT 1 FROM product WHERE asin = ?")
    try read(files.products) { entry, builder in
      defer { entries += 1 }
      guard entries < limit else { return false }
      let record = try JSONReader.value(of: entry)
      let asin = String((record["asin"]?.text ?? "").trimmed)
      let attributes = try builder.entry(of: asin, in: "attributeEntry")
      guard let product = Product(record, attributes: attributes?["attributes"]?.texts ?? []),
        try Int.fetchOne(known, arguments: [asin]) == nil
      else { return true }
      let row = Int64(builder.products)
      try Catalogue.insert(product, row: row, into: builder.database)
      builder.products += 1

      let wishes = builder.files.goals == .human ? try builder.entry(of: asin, in: "humanEntry") : attributes
      guard let wishes else { return true }
      for request in Catalogue.Request.requests(in: wishes, for: product, row: row, prices: &prices) {
        let count = request.options == nil ? product.combinations : 1
        guard count > 0 else { continue }
        try Catalogue.insert(request, first: builder.goals, into: builder.database)
        builder.goals += count
      }
      return true
    }
  }

  private func entry(of asin: String, in table: String) throws -> ProductJSON? {
    let statement = try database.cachedStatement(sql: "SELECT entry FROM \(table) WHERE asin = ?")
    guard let data = try Data.fetchOne(statement, arguments: [asin]) else { return nil }
    return try JSONReader.value(of: Array(data)[...]).members.first?.value
  }

  /// Passes the entries of a file to `body`, until it returns false or the file ends.
  private mutating func read(
    _ path: String, _ body: (ArraySlice<UInt8>, inout CatalogueBuilder) throws -> Bool
  ) throws {
    var number = 0
    do {
      var entries = try JSONEntries(path: path)
      var reported = 0
      while let entry = try entries.next() {
        guard try body(entry, &self) else { break }
        number += 1
        if entries.position > reported {
          if Task.isCancelled { throw WorldError(.cancelled, "The building of the shop's database was stopped.") }
          reported = entries.position
          progress(.init(bytesRead: bytesRead + reported, bytes: total, products: products))
        }
      }
      bytesRead += entries.position
      digests.append(entries.digest)
    } catch let error as JSONEntries.Unreadable {
      throw Self.unusable(path, "\(error.reason) (after \(number) entries)")
    } catch let error as ProductJSON.Malformed {
      throw Self.unusable(path, "entry \(number) is not JSON: \(error.reason)")
    }
  }

  private static func unusable(_ path: String, _ reason: String) -> WorldError {
    WorldError(
      .misconfigured, "\(path) is not one of WebShop's files: \(reason). Download it again, or correct it.")
  }

  /// Numbers the goals in WebShop's shuffled order.
  private func numberGoals() throws {
    guard var places = Int32(exactly: goals).map({ Array(0..<$0) }) else {
      throw WorldError(
        .misconfigured, "The files make \(goals) goals, more than can be numbered; set environment.limit.")
    }
    var generator = MersenneTwister(seed: 233)
    generator.shuffle(&places)
    let statement = try database.cachedStatement(sql: "INSERT INTO goalNumber VALUES (?, ?)")
    for (number, place) in places.enumerated() { try statement.execute(arguments: [number, place]) }
  }
}
