/// The tokens of a vocabulary by their bytes, in preorder. The descendants of node n are the nodes n + 1 ..< ends[n].
///
/// Node 0 is the root. A walk that meets a dead byte skips the whole subtree in one step.
public struct TokenTrie: Sendable {
  /// The last byte of each node's text. That of the root has no meaning.
  public let bytes: [UInt8]
  /// The number of bytes of each node's text.
  public let depths: [Int32]
  /// The node after each node's subtree.
  public let ends: [Int32]
  /// The tokens in the order of their nodes. Several tokens may write the same bytes.
  public let tokens: [TokenID]
  /// The place in ``tokens`` of each node's first token. One more entry than nodes.
  public let firstTokens: [Int32]

  /// The number of nodes.
  public var count: Int { bytes.count }

  /// - Parameter vocabulary: the bytes of each token. Tokens without bytes are left out. O(n log n).
  public init(_ vocabulary: [[UInt8]]) {
    let order = vocabulary.indices.filter { !vocabulary[$0].isEmpty }.sorted { a, b in
      vocabulary[a].lexicographicallyPrecedes(vocabulary[b]) || (vocabulary[a] == vocabulary[b] && a < b)
    }
    var (bytes, depths, ends, firsts): ([UInt8], [Int32], [Int32], [Int32]) = ([0], [0], [0], [0])
    var tokens: [TokenID] = []
    var path: [Int] = [0]
    var previous: [UInt8] = []
    for token in order {
      let text = vocabulary[token]
      let common = zip(previous, text).prefix { $0 == $1 }.count
      while path.count > common + 1 { ends[path.removeLast()] = Int32(bytes.count) }
      for byte in text[common...] {
        path.append(bytes.count)
        bytes.append(byte)
        depths.append(Int32(path.count - 1))
        ends.append(0)
        firsts.append(Int32(tokens.count))
      }
      // In sorted order a token's node is always the newest one.
      tokens.append(TokenID(token))
      previous = text
    }
    while let node = path.popLast() { ends[node] = Int32(bytes.count) }
    firsts.append(Int32(tokens.count))
    (self.bytes, self.depths, self.ends, self.tokens, firstTokens) = (bytes, depths, ends, tokens, firsts)
  }

  /// The tokens whose text ends at a node.
  public func tokens(at node: Int) -> ArraySlice<TokenID> {
    tokens[Int(firstTokens[node])..<Int(firstTokens[node + 1])]
  }

  /// The nodes one byte below a node.
  public func children(of node: Int) -> [Int] {
    var children: [Int] = []
    var child = node + 1
    while child < Int(ends[node]) {
      children.append(child)
      child = Int(ends[child])
    }
    return children
  }

  /// The longest token with which `text` begins; nil if there is none.
  package func longestToken(of text: ArraySlice<UInt8>) -> (token: TokenID, length: Int)? {
    var (node, length, found) = (0, 0, (token: TokenID, length: Int)?.none)
    for byte in text {
      guard let next = children(of: node).first(where: { bytes[$0] == byte }) else { break }
      (node, length) = (next, length + 1)
      if let token = tokens(at: node).first { found = (token, length) }
    }
    return found
  }
}
