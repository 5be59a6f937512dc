import Agents
import GRDB
import Synchronization

/// The products and goals of a shop, in an SQLite database that is written once and then only read.
public final class Catalogue: Sendable {
  /// The most products that a search finds, as in WebShop.
  static let resultLimit = 50

  /// The source of the products in a readable and stable form. It is part of the shop's identity.
  public let origin: String
  /// The number of products.
  public let productCount: Int
  /// The number of goals, which are numbered from 0.
  public let goalCount: Int

  /// Several connections for a file, one for memory. Each serves one reader at a time.
  private let connections: [DatabaseQueue]
  private let turn = Atomic(0)
  /// Cached numbers of products that contain a word.
  private let known = Mutex<[String: Int]>([:])

  init(connections: [DatabaseQueue], origin: String) throws {
    self.connections = connections
    self.origin = origin
    (productCount, goalCount) = try connections[0].read { database in
      (
        try Int.fetchOne(database, sql: "SELECT count(*) FROM product") ?? 0,
        try Int.fetchOne(database, sql: "SELECT count(*) FROM goalNumber") ?? 0
      )
    }
  }

  /// The products that a search finds, best first. Empty if no word of the search occurs anywhere.
  ///
  /// The rank is BM25 over all texts of a product together, on Porter stems, with SQLite's k₁ = 1.2 and b = 0.75.
  /// WebShop's Lucene index has k₁ = 0.9 and b = 0.4, so close ranks may be ordered differently.
  func search(_ keywords: String) async throws(WorldError) -> [Listing] {
    guard let query = SearchQuery(keywords) else { return [] }
    return try await read { database in
      let expression = try self.expression(for: query, in: database)
      let statement = try database.cachedStatement(sql: Self.searchStatement)
      return try Row.fetchAll(statement, arguments: [expression, Self.resultLimit]).map { Listing($0) }
    }
  }

  /// The approximate number of products that a search ranks. In a larger shop a search for frequent words ranks only
  /// some of its matches.
  static let rankLimit = 30_000

  private func expression(for query: SearchQuery, in database: Database) throws -> String {
    // Counting is unnecessary if all products can be ranked.
    if productCount <= Self.rankLimit { return query.expression }
    return try query.expression(within: Self.rankLimit, frequent: productCount / 2) {
      try occurrences(of: $0, in: database)
    }
  }

  /// The number of products with a word, counted up to half of all products plus one.
  private func occurrences(of word: String, in database: Database) throws -> Int {
    if let known = known.withLock({ $0[word] }) { return known }
    let statement = try database.cachedStatement(
      sql: "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)")
    let count = try Int.fetchOne(statement, arguments: ["\"\(word)\"", productCount / 2 + 1]) ?? 0
    known.withLock { known in
      // Agents may search for anything, so the cache is kept small.
      if known.count >= 10_000 { known.removeAll() }
      known[word] = count
    }
    return count
  }

  private static let searchStatement = """
    SELECT product.id, product.asin, product.title, product.priceTag
    FROM (SELECT rowid AS id, rank FROM search WHERE search MATCH ? ORDER BY rank, rowid LIMIT ?) AS hit
    JOIN product ON product.id = hit.id
    ORDER BY hit.rank, hit.id
    """

  /// The product of a row that a search found.
  func product(at row: Int64) async throws(WorldError) -> Product {
    try await read { database in try Self.product(at: row, in: database) }
  }

  /// The goal with a number; nil if there is none.
  func goal(_ number: Int) async throws(WorldError) -> Goal? {
    try await read { database in try Self.goal(number, in: database) }
  }

  /// The instructions of goals by number, nil for numbers without a goal. Blocks during the reads.
  func instructions(of numbers: [Int]) throws(WorldError) -> [String?] {
    do {
      return try next.read { database in
        try numbers.map { try Self.goal($0, in: database)?.instruction }
      }
    } catch {
      throw Self.unreadable(error)
    }
  }

  private func read<T: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(WorldError) -> T {
    do {
      return try await next.read(body)
    } catch is CancellationError {
      throw WorldError(.cancelled, "The run was stopped while the shop was looking something up.")
    } catch {
      throw Self.unreadable(error)
    }
  }

  /// The next connection, in rotation.
  private var next: DatabaseQueue {
    let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return connections[Int(UInt(bitPattern: turn) % UInt(connections.count))]
  }

  private static func unreadable(_ error: any Error) -> WorldError {
    WorldError(
      .unavailable, "The shop's database cannot be read: \(error). If it is a file, delete it; it is built again.")
  }
}
