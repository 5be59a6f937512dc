import GRDB

extension Catalogue {
  static let tables = """
    CREATE TABLE product (
      id INTEGER PRIMARY KEY, asin TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL,
      bullets TEXT NOT NULL, attributes TEXT NOT NULL, options TEXT NOT NULL, price REAL NOT NULL,
      priceTag TEXT NOT NULL, department TEXT NOT NULL, category TEXT NOT NULL, query TEXT NOT NULL,
      rating TEXT NOT NULL, reviews TEXT NOT NULL, nouns TEXT);
    -- One column, so that the rank is that of the texts as one. The texts are in `product` and not kept twice.
    CREATE VIRTUAL TABLE search USING fts5(text, content='', tokenize='porter unicode61 remove_diacritics 2');
    -- A request for a product. Without options of its own it stands for one goal per combination of the product's.
    CREATE TABLE request (
      first INTEGER PRIMARY KEY, product INTEGER NOT NULL REFERENCES product, instruction TEXT NOT NULL,
      attributes TEXT NOT NULL, options TEXT, priceLimit REAL NOT NULL, priceText TEXT NOT NULL);
    -- Which goal a number names: the place in the sequence of all combinations of all requests.
    CREATE TABLE goalNumber (number INTEGER PRIMARY KEY, place INTEGER NOT NULL);
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    """

  /// Writes a product and its searchable text.
  static func insert(_ product: Product, row: Int64, into database: Database) throws {
    try database.cachedStatement(sql: "INSERT INTO product VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,NULL)").execute(
      arguments: [
        row, product.asin, product.title, product.description, Packed.list(product.bullets),
        Packed.list(product.attributes), Packed.lists(product.options.map { [$0.name] + $0.values }), product.price,
        product.priceTag, product.department, product.category, product.query, product.rating,
        Packed.lists(product.reviews.map { [$0.title, "\($0.score)", $0.body] }),
      ])
    try database.cachedStatement(sql: "INSERT INTO search (rowid, text) VALUES (?, ?)").execute(
      arguments: [row, product.searchable])
  }

  /// The nouns of a title, packed for one column.
  static func packed(_ nouns: [String]) -> String { Packed.list(nouns) }

  /// A request as stored. `options` nil stands for every combination of the product's options.
  struct Request {
    var product: Int64
    var instruction: String
    var attributes: [String]
    var options: [String]?
    var priceLimit: Double
    var priceText: String
  }

  /// - Parameter first: the number of its first goal.
  static func insert(_ request: Request, first: Int, into database: Database) throws {
    try database.cachedStatement(sql: "INSERT INTO request VALUES (?,?,?,?,?,?,?)").execute(
      arguments: [
        first, request.product, request.instruction, Packed.list(request.attributes),
        request.options.map(Packed.list), request.priceLimit, request.priceText,
      ])
  }

  static func product(at row: Int64, in database: Database) throws -> Product {
    let statement = try database.cachedStatement(sql: "SELECT * FROM product WHERE id = ?")
    guard let columns = try Row.fetchOne(statement, arguments: [row]) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "product \(row) is missing")
    }
    return Product(columns)
  }

  static func goal(_ number: Int, in database: Database) throws -> Goal? {
    let statement = try database.cachedStatement(
      sql: """
        SELECT request.*, goalNumber.place FROM goalNumber
        JOIN request ON request.first = (SELECT max(first) FROM request WHERE first <= goalNumber.place)
        WHERE number = ?
        """)
    guard let row = try Row.fetchOne(statement, arguments: [number]) else { return nil }
    let product = try product(at: row["product"], in: database)
    let place: Int = row["place"]
    let first: Int = row["first"]
    var instruction: String = row["instruction"]
    var options = (row["options"] as String?).map { Packed.list($0).map { WantedOption(value: $0) } }
    if options == nil {
      let combination = product.combination(place - first)
      options = combination
      if !combination.isEmpty {
        instruction += " with " + combination.map { "\($0.name ?? ""): \($0.value)" }.joined(separator: ", and ")
      }
    }
    return Goal(
      product: product, instruction: instruction + row["priceText"], attributes: Packed.list(row["attributes"]),
      options: options ?? [], priceLimit: row["priceLimit"])
  }
}

extension Product {
  fileprivate convenience init(_ row: Row) {
    self.init(
      asin: row["asin"], title: row["title"], description: row["description"], bullets: Packed.list(row["bullets"]),
      attributes: Packed.list(row["attributes"]),
      options: Packed.lists(row["options"]).map { Option(name: $0[0], values: Array($0.dropFirst())) },
      price: row["price"], priceTag: row["priceTag"], department: row["department"], category: row["category"],
      query: row["query"], rating: row["rating"],
      reviews: Packed.lists(row["reviews"]).map { Review(title: $0[0], score: Int($0[1]) ?? 0, body: $0[2]) },
      taggedNouns: (row["nouns"] as String?).map(Packed.list))
  }

  /// The number of ways to choose one value for every option: 1 without options, 0 if an option has no values.
  var combinations: Int { options.reduce(1) { $0 * $1.values.count } }

  /// One combination of option values. Options are sorted by the code points of their names, and the last one varies
  /// fastest.
  func combination(_ number: Int) -> [WantedOption] {
    var rest = number
    let sorted = options.sorted { $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars) }
    return sorted.reversed().map { option in
      defer { rest /= option.values.count }
      return WantedOption(name: option.name, value: option.values[rest % option.values.count])
    }.reversed()
  }
}

extension Listing {
  init(_ row: Row) {
    self.init(row: row[0], asin: row[1], title: row[2], priceTag: row[3])
  }
}

/// Packs lists of texts into one column. The separators are control characters, which no text of a product contains.
private enum Packed {
  static func list(_ texts: [String]) -> String { texts.joined(separator: "\u{1f}") }

  static func list(_ text: String) -> [String] {
    text.isEmpty ? [] : text.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
  }

  static func lists(_ lists: [[String]]) -> String { lists.map(list).joined(separator: "\u{1e}") }

  static func lists(_ text: String) -> [[String]] {
    text.isEmpty ? [] : text.split(separator: "\u{1e}", omittingEmptySubsequences: false).map { list(String($0)) }
  }
}
