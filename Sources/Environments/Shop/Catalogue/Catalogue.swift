import Agents
import GRDB
import Synchronization

/// The products and goals of a shop, in an SQLite database that is written once and then only read.
public final class Catalogue: Sendable {
  /// How many products a search finds at most, as WebShop.
  static let resultLimit = 50

  /// Where the products come from, in a readable and stable form: part of the shop's identity.
  public let origin: String
  /// How many products are on sale.
  public let productCount: Int
  /// How many goals there are, numbered from 0.
  public let goalCount: Int

  /// Several connections to a file, one to memory; each serves one reader at a time.
  private let connections: [DatabaseQueue]
  private let turn = Atomic(0)
  /// How many products have a word, as far as it was asked.
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

  /// The products that a search finds, best first; none where no word of it is anywhere.
  ///
  /// The rank is BM25 over all texts of a product as one, with SQLite's k₁ = 1.2 and b = 0.75, on stems (Porter).
  /// WebShop's Lucene index has k₁ = 0.9 and b = 0.4, so its order differs among near-equals.
  func search(_ keywords: String) async throws(WorldError) -> [Listing] {
    guard let query = SearchQuery(keywords) else { return [] }
    return try await read { database in
      let expression = try self.expression(for: query, in: database)
      let statement = try database.cachedStatement(sql: Self.searchStatement)
      return try Row.fetchAll(statement, arguments: [expression, Self.resultLimit]).map { Listing($0) }
    }
  }

  /// How many products a search ranks, roughly; a larger shop is not ranked whole for a search of frequent words.
  static let rankLimit = 30_000

  private func expression(for query: SearchQuery, in database: Database) throws -> String {
    // Nothing need be counted where all products can be ranked.
    if productCount <= Self.rankLimit { return query.expression }
    return try query.expression(within: Self.rankLimit, frequent: productCount / 2) {
      try occurrences(of: $0, in: database)
    }
  }

  /// How many products have a word, no more than half of all and one.
  private func occurrences(of word: String, in database: Database) throws -> Int {
    if let known = known.withLock({ $0[word] }) { return known }
    let statement = try database.cachedStatement(
      sql: "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)")
    let count = try Int.fetchOne(statement, arguments: ["\"\(word)\"", productCount / 2 + 1]) ?? 0
    known.withLock { known in
      // Agents may search for anything; what is remembered stays small.
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

  /// The goal of a number, or nil where there is none.
  func goal(_ number: Int) async throws(WorldError) -> Goal? {
    try await read { database in try Self.goal(number, in: database) }
  }

  /// What the goals of some numbers ask for, nil for a number without a goal. Blocks for the time of the reads.
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

  /// Readers take turns.
  private var next: DatabaseQueue {
    let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return connections[Int(UInt(bitPattern: turn) % UInt(connections.count))]
  }

  private static func unreadable(_ error: any Error) -> WorldError {
    WorldError(
      .unavailable, "The shop's database cannot be read: \(error). If it is a file, delete it; it is built again.")
  }
}
