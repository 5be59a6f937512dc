import Agents
import Foundation
import GRDB

/// A prompt in the form of the tables `prompt` and `piece`: a chain of parts, each named by a digest of all parts up to it,
/// so that prompts share their beginnings. Long texts are pieces named by their own digest, and are stored once whatever
/// stands before them.
struct StoredPrompt: Sendable, Hashable {
  struct Node: Sendable, Hashable {
    let id: Int64
    /// nil for the first part.
    let parent: Int64?
    let role: PromptPart.Role
    let text: String
    /// nil if the text stands in the node itself.
    let piece: Int64?
  }

  /// Bytes from which a text is a piece of its own: a shorter one costs less than the name of a piece.
  private static let longest = 64

  let nodes: [Node]

  init(_ parts: [PromptPart]) {
    var nodes: [Node] = []
    for part in parts {
      // SQLite ends a text at a zero byte.
      let isPiece = part.text.utf8.count > Self.longest || part.text.utf8.contains(0)
      let piece = isPiece ? Self.digest("piece", part.text) : nil
      let parent = nodes.last?.id
      let name = piece.map { String($0) } ?? part.text
      let id = Self.digest(parent.map { String($0) } ?? "", part.role.rawValue, piece == nil ? "text" : "piece", name)
      nodes.append(Node(id: id, parent: parent, role: part.role, text: part.text, piece: piece))
    }
    self.nodes = nodes
  }

  private static func digest(_ parts: String...) -> Int64 {
    var digest = Digest()
    for part in parts { digest.add(part) }
    return Int64(bitPattern: digest.number)
  }

  /// Writes the parts that the store does not have.
  ///
  /// - Returns: the name of the last part; nil for an empty prompt, and where a digest already names another text: a wrong
  ///   prompt would be worse than none.
  func insert(into database: Database) throws -> Int64? {
    // A part that is there has all of its predecessors.
    var known = nodes.count
    while known > 0 {
      guard let isSame = try Self.has(nodes[known - 1], database) else {
        known -= 1
        continue
      }
      guard isSame else { return nil }
      break
    }
    for node in nodes[known...] where try !Self.insert(node, database) { return nil }
    return nodes.last?.id
  }

  /// Whether the store has the part; nil if it does not, false if another one has its name.
  private static func has(_ node: Node, _ database: Database) throws -> Bool? {
    let row = try Row.fetchOne(
      database.cachedStatement(sql: "SELECT parent, role, text, piece FROM prompt WHERE id = ?"), arguments: [node.id])
    guard let row else { return nil }
    return try row.value("parent") == node.parent && row.value("role") == node.role.rawValue
      && row.value("piece") == node.piece && row.value("text") == (node.piece == nil ? node.text : nil)
  }

  private static func insert(_ node: Node, _ database: Database) throws -> Bool {
    if let piece = node.piece {
      let row = try Row.fetchOne(
        database.cachedStatement(sql: "SELECT isCompressed, text FROM piece WHERE id = ?"), arguments: [piece])
      if let row {
        guard (try? text(row)) == node.text else { return false }
      } else {
        let (bytes, isCompressed) = packed(node.text)
        try database.cachedStatement(sql: "INSERT INTO piece (id, isCompressed, text) VALUES (?, ?, ?)")
          .execute(arguments: [piece, isCompressed, bytes])
      }
    }
    try database.cachedStatement(sql: "INSERT INTO prompt (id, parent, role, text, piece) VALUES (?, ?, ?, ?, ?)")
      .execute(arguments: [
        node.id, node.parent, node.role.rawValue, node.piece == nil ? node.text : nil, node.piece,
      ])
    return true
  }

  /// The prompt that ends with a part.
  static func parts(endingWith id: Int64, _ database: Database) throws -> [PromptPart] {
    try Row.fetchAll(
      database,
      sql: """
        WITH RECURSIVE chain(depth, parent, role, text, piece) AS (
          SELECT 0, parent, role, text, piece FROM prompt WHERE id = ?
          UNION ALL
          SELECT depth + 1, prompt.parent, prompt.role, prompt.text, prompt.piece
          FROM chain JOIN prompt ON prompt.id = chain.parent WHERE depth < 1000000
        )
        SELECT chain.role, COALESCE(chain.text, piece.text) AS text, COALESCE(piece.isCompressed, 0) AS isCompressed
        FROM chain LEFT JOIN piece ON piece.id = chain.piece ORDER BY depth DESC
        """, arguments: [id]
    ).map { row in
      guard let role = PromptPart.Role(rawValue: try row.value("role")) else {
        throw StoreError(.damaged, "A stored prompt has a part of an unknown kind.")
      }
      return PromptPart(role, try text(row))
    }
  }

  private static func text(_ row: Row) throws -> String {
    let stored: DatabaseValue = row["text"]
    let bytes = [UInt8](Data.fromDatabaseValue(stored) ?? Data())
    guard try row.value("isCompressed") else { return String(decoding: bytes, as: UTF8.self) }
    guard let plain = expanded(bytes) else { throw StoreError(.damaged, "A stored prompt cannot be read.") }
    return String(decoding: plain, as: UTF8.self)
  }

  // MARK: - Compressed texts: the length as 8 bytes, least first, then a stream that Python's `zlib.decompress` reads

  private static func packed(_ text: String) -> (bytes: Data, isCompressed: Bool) {
    let plain = [UInt8](text.utf8)
    guard let stream = Deflate.compressed(plain, as: .zlib), stream.count + 8 < plain.count else {
      return (Data(plain), false)
    }
    return (withUnsafeBytes(of: UInt64(plain.count).littleEndian) { Data($0) } + stream, true)
  }

  private static func expanded(_ packed: [UInt8]) -> [UInt8]? {
    guard packed.count > 8 else { return nil }
    let count = packed.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    // A stream expands at most about 1,032 times. Nothing that was sent to a model has 2 GB. A damaged length must not ask
    // for all memory.
    guard count <= min(1 << 31, UInt64(packed.count - 8) * 1_100 + 64) else { return nil }
    return packed.withUnsafeBytes {
      Deflate.expanded(UnsafeRawBufferPointer(rebasing: $0.dropFirst(8)), size: Int(count), from: .zlib)
    }
  }
}
