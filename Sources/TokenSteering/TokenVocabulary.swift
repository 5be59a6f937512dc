import Agents

/// A token's number in its vocabulary.
public typealias TokenID = Int32

/// The tokens of a language model, each with the bytes that it writes, and their trie.
///
/// Potentials are combined only if they share a vocabulary, so make one and pass it around.
public final class TokenVocabulary: Sendable {
  /// The bytes of each token. Empty for tokens that are not text, such as special tokens.
  public let tokens: [[UInt8]]
  /// The tokens by their bytes.
  public let trie: TokenTrie

  /// - Parameter tokens: the bytes of each token; empty for those that are not text.
  public init(_ tokens: [[UInt8]]) {
    self.tokens = tokens
    trie = TokenTrie(tokens)
  }

  /// A vocabulary written as texts.
  public convenience init(_ texts: [String]) { self.init(texts.map { Array($0.utf8) }) }

  /// One token for each of the 256 bytes.
  public static let bytes = TokenVocabulary((0...255).map { [UInt8($0)] })

  /// The number of tokens, without the end of text.
  public var count: Int { tokens.count }

  /// The bytes of a token; empty for numbers outside the vocabulary.
  public func bytes(of token: TokenID) -> [UInt8] {
    tokens.indices.contains(Int(token)) ? tokens[Int(token)] : []
  }

  /// The bytes of a text of tokens.
  public func bytes(of tokens: [TokenID]) -> [UInt8] { tokens.flatMap { bytes(of: $0) } }

  /// The text of tokens. Invalid UTF-8 becomes U+FFFD.
  public func text(of tokens: [TokenID]) -> String { String(decoding: bytes(of: tokens), as: UTF8.self) }

  /// The longest-match tokens of a text, for tests and small vocabularies; nil if the vocabulary cannot spell it.
  public func spelled(_ text: String) -> [TokenID]? {
    let bytes = Array(text.utf8)
    var (place, spelled) = (0, [TokenID]())
    while place < bytes.count {
      guard let (token, length) = trie.longestToken(of: bytes[place...]) else { return nil }
      spelled.append(token)
      place += length
    }
    return spelled
  }

  /// Whether two vocabularies have the same tokens.
  public func isSame(as other: TokenVocabulary) -> Bool { self === other || tokens == other.tokens }
}
