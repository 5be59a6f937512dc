/// A token that is matched as a whole, before the text is split into words.
struct AddedToken: Sendable, Hashable {
  var id: Int
  var content: String
  /// Whether the token controls the model and is not part of its text.
  var isSpecial = false
  /// Whether the token is matched after normalisation instead of before.
  var isNormalized = false
  /// Whether the token includes the white space before it and after it.
  var stripsLeft = false
  var stripsRight = false
}

/// Finds added tokens in a text: leftmost first, and the longest of several that begin at the same place.
struct AddedTokenFinder: Sendable {
  /// A range of the text, or a token.
  enum Piece: Equatable {
    case text(Range<Int>)
    case token(Int)
  }

  /// A trie over UTF-8 bytes: maps a node and a byte to the next node.
  private var children: [UInt64: UInt32] = [:]
  private var found: [UInt32: AddedToken] = [:]
  private var firstBytes = [Bool](repeating: false, count: 256)
  private var nodes: UInt32 = 1

  var isEmpty: Bool { found.isEmpty }

  init(_ tokens: some Sequence<AddedToken>) {
    for token in tokens where !token.content.isEmpty {
      var node: UInt32 = 0
      for byte in token.content.utf8 {
        if node == 0 { firstBytes[Int(byte)] = true }
        let key = UInt64(node) << 8 | UInt64(byte)
        if let child = children[key] {
          node = child
        } else {
          children[key] = nodes
          node = nodes
          nodes += 1
        }
      }
      found[node] = token
    }
  }

  /// Splits a UTF-8 text at added tokens. Special tokens remain text unless `parsesSpecial` is set.
  func split(_ text: [UInt8], parsesSpecial: Bool) -> [Piece] {
    var pieces: [Piece] = []
    var start = 0
    var index = 0
    while index < text.count {
      guard firstBytes[Int(text[index])], let (token, end) = match(text, at: index) else {
        index += 1
        continue
      }
      guard parsesSpecial || !token.isSpecial else {
        index = end
        continue
      }
      var before = index
      if token.stripsLeft { before = max(start, UTF8Space.start(of: text, before: index)) }
      if start < before { pieces.append(.text(start..<before)) }
      pieces.append(.token(token.id))
      start = token.stripsRight ? UTF8Space.end(of: text, from: end) : end
      index = max(start, end)
    }
    if start < text.count { pieces.append(.text(start..<text.count)) }
    return pieces
  }

  private func match(_ text: [UInt8], at start: Int) -> (AddedToken, Int)? {
    var node: UInt32 = 0
    var longest: (AddedToken, Int)?
    for index in start..<text.count {
      guard let child = children[UInt64(node) << 8 | UInt64(text[index])] else { break }
      node = child
      if let token = found[node] { longest = (token, index + 1) }
    }
    return longest
  }
}

/// Bounds of the white space around a place in a UTF-8 text.
enum UTF8Space {
  static func start(of text: [UInt8], before end: Int) -> Int {
    var start = end
    while start > 0 {
      var first = start - 1
      while first > 0, text[first] & 0xC0 == 0x80 { first -= 1 }
      guard isSpace(text[first..<start]) else { break }
      start = first
    }
    return start
  }

  static func end(of text: [UInt8], from start: Int) -> Int {
    var end = start
    while end < text.count {
      var next = end + 1
      while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
      guard isSpace(text[end..<next]) else { break }
      end = next
    }
    return end
  }

  private static func isSpace(_ bytes: ArraySlice<UInt8>) -> Bool {
    String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy(\.properties.isWhitespace)
  }
}
