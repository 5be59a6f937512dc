/// A token that is found in a text as a whole, before anything else is cut.
struct AddedToken: Sendable, Hashable {
  var id: Int
  var content: String
  /// Controls the model, and is not a part of what it says.
  var isSpecial = false
  /// Matched after normalisation, not before.
  var isNormalized = false
  /// Takes the white space before it, or after it, with it.
  var stripsLeft = false
  var stripsRight = false
}

/// Finds added tokens in a text: the leftmost first, the longest of several that begin at one place.
struct AddedTokenFinder: Sendable {
  /// A piece of text, or a token found.
  enum Piece: Equatable {
    case text(Range<Int>)
    case token(Int)
  }

  /// A trie of UTF-8: from a node and a byte to the next node.
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

  /// Cuts `text`, in UTF-8. Special tokens are left in the text where `parsesSpecial` is false.
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

/// White space at the edges of a piece of UTF-8.
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
