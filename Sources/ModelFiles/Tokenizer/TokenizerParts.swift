/// The parts of a tokenizer, checked while they are assembled.
struct TokenizerParts {
  let path: String
  private(set) var vocabulary: [[UInt8]] = []
  private(set) var added: [AddedToken] = []
  private(set) var merges = MergeTable(reserving: 0)
  private(set) var byteTokens = [Int32](repeating: -1, count: 256)
  private(set) var wholeWords: [[UInt8]: Int32] = [:]
  var steps: [PreTokenizer] = []
  var normalizes = false
  var unknown: Int32?
  var prefix: Int?
  /// Whether each number has a token.
  private var taken: [Bool] = []
  /// The tokens in the byte alphabet, by their bytes.
  private var numbers: [[UInt8]: Int32] = [:]

  /// Larger numbers are rejected before memory is allocated for them.
  static let greatestToken = ModelConfiguration.Limits.vocabulary

  init(path: String) { self.path = path }

  /// Adds a token of the model's own vocabulary, written in the byte alphabet.
  mutating func add(_ text: String, id: Int) throws(ModelFileError) {
    try take(id, text)
    guard let bytes = ByteAlphabet.decode(text) else {
      // Text is never encoded as such a token unless it is an added token. The token's bytes are its literal text.
      vocabulary[id] = Array(text.utf8)
      return
    }
    vocabulary[id] = bytes
    guard numbers.updateValue(Int32(id), forKey: bytes) == nil else {
      throw error("the token \(quoted(text)) is there twice")
    }
    if bytes.count == 1 { byteTokens[Int(bytes[0])] = Int32(id) }
  }

  /// Reserves a token number that encoding never produces.
  mutating func reserve(_ id: Int, _ text: String) throws(ModelFileError) {
    try take(id, text)
    vocabulary[id] = Array(text.utf8)
  }

  /// Adds a token that is matched as a whole. Its number may be in the vocabulary if the text is the same.
  mutating func add(_ token: AddedToken) throws(ModelFileError) {
    guard !token.content.isEmpty else { throw error("the added token \(token.id) is empty") }
    guard token.content.utf8.count <= 1024 else { throw error("the added token \(token.id) has more than 1024 bytes") }
    let bytes = Array(token.content.utf8)
    if taken.indices.contains(token.id), taken[token.id] {
      guard vocabulary[token.id] == bytes || ByteAlphabet.decode(token.content) == vocabulary[token.id] else {
        throw error("the number \(token.id) of \(quoted(token.content)) is another token's")
      }
    } else {
      try take(token.id, token.content)
    }
    vocabulary[token.id] = bytes
    added.append(token)
  }

  /// Adds the merges in order of rank.
  mutating func add(merges pairs: [(left: String, right: String)]) throws(ModelFileError) {
    var table = MergeTable(reserving: pairs.count)
    for (rank, pair) in pairs.enumerated() {
      guard let left = ByteAlphabet.decode(pair.left), let right = ByteAlphabet.decode(pair.right),
        let first = numbers[left], let second = numbers[right], let merged = numbers[left + right]
      else {
        throw error(
          "the merge \(rank) of \(quoted(pair.left)) and \(quoted(pair.right)) does not make a token of two tokens")
      }
      table.add(first, second, rank: rank, becomes: merged)
    }
    merges = table
  }

  /// Keeps words whole that are tokens themselves, whatever the merges (`ignore_merges`).
  mutating func keepWholeWords() {
    wholeWords = numbers
    for token in added where token.isSpecial { wholeWords[Array(token.content.utf8)] = nil }
  }

  /// Performs the checks that need all parts.
  func finished() throws(ModelFileError) -> TokenizerParts {
    guard byteTokens.contains(where: { $0 >= 0 }) else { throw error("no token stands for a single byte") }
    guard !steps.isEmpty else { throw error("it has no pre-tokeniser") }
    var texts: Set<[UInt8]> = []
    for token in added where !texts.insert(Array(token.content.utf8)).inserted {
      throw error("the added token \(quoted(token.content)) is there twice")
    }
    return self
  }

  private mutating func take(_ id: Int, _ text: String) throws(ModelFileError) {
    guard (0..<TokenizerParts.greatestToken).contains(id) else {
      throw error(
        "the number \(id) of the token \(quoted(text)) is not within 0 to \(TokenizerParts.greatestToken - 1)")
    }
    if id >= taken.count {
      taken += repeatElement(false, count: id + 1 - taken.count)
      vocabulary += repeatElement([], count: id + 1 - vocabulary.count)
    }
    guard !taken[id] else { throw error("the number \(id) has two tokens") }
    taken[id] = true
  }

  func error(_ problem: String, _ kind: ModelFileError.Kind = .malformed) -> ModelFileError {
    ModelFileError(kind, path, "The tokenizer cannot be used: \(problem).")
  }
}
