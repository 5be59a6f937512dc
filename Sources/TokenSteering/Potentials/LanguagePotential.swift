import Constraints
import Synchronization

/// A language of bytes as a condition on tokens: a prefix is allowed if the language can go on from it, a text if it is
/// a word.
///
/// The allowed next tokens are found by a walk of the vocabulary's trie from the language's state, and kept by state:
/// prefixes of equal state share one walk.
public final class LanguagePotential<Language: ByteLanguage>: TokenCondition {
  public let vocabulary: TokenVocabulary
  /// The constraint.
  public let language: Language
  private let caches = Mutex(Caches())

  private struct Caches {
    var states: [[TokenID]: Language.State?] = [:]
    var allowed: [Language.State: [TokenID]] = [:]
    var allowedCount = 0
  }

  /// The most prefixes whose states are kept, the most kept lists, and the most token numbers in them.
  private static var mostStates: Int { 1 << 14 }
  private static var mostAllowed: Int { 1 << 24 }

  /// - Parameter vocabulary: the tokens in which texts are written.
  public init(_ language: Language, vocabulary: TokenVocabulary) {
    (self.language, self.vocabulary) = (language, vocabulary)
  }

  /// The language's state after a prefix; nil if no word begins with it.
  public func state(after prefix: [TokenID]) -> Language.State? {
    let (known, parent) = caches.withLock { caches -> (Language.State??, Language.State??) in
      if let known = caches.states[prefix] { return (known, nil) }
      return (nil, prefix.isEmpty ? nil : caches.states[Array(prefix.dropLast())])
    }
    if let known { return known }
    let state: Language.State?
    if let parent, let last = prefix.last {
      state = parent.flatMap { self.state(after: vocabulary.bytes(of: last), from: $0) }
    } else {
      state = prefix.reduce(Optional(language.start)) { state, token in
        state.flatMap { self.state(after: vocabulary.bytes(of: token), from: $0) }
      }
    }
    caches.withLock { caches in
      if caches.states.count >= Self.mostStates { caches.states.removeAll() }
      caches.states[prefix] = .some(state)
    }
    return state
  }

  /// The state after one token's bytes. A token without bytes is no text and is not allowed.
  func state(after bytes: [UInt8], from state: Language.State) -> Language.State? {
    guard !bytes.isEmpty else { return nil }
    var state = state
    for byte in bytes {
      guard let next = step(byte, state) else { return nil }
      state = next
    }
    return state
  }

  /// One byte; nil if no word goes on like that.
  func step(_ byte: UInt8, _ state: Language.State) -> Language.State? {
    language.state(after: byte, state)
  }

  /// The tokens that may follow a state, in the order of their bytes.
  public func allowedTokens(after state: Language.State) -> [TokenID] {
    if let known = caches.withLock({ $0.allowed[state] }) { return known }
    let allowed = walk(from: state)
    caches.withLock { caches in
      if caches.allowed.count >= Self.mostStates || caches.allowedCount + allowed.count > Self.mostAllowed {
        caches.allowed.removeAll()
        caches.allowedCount = 0
      }
      if caches.allowed.updateValue(allowed, forKey: state) == nil { caches.allowedCount += allowed.count }
    }
    return allowed
  }

  /// The number of states whose lists are kept.
  var keptLists: Int { caches.withLock(\.allowed.count) }

  private func walk(from state: Language.State) -> [TokenID] {
    let trie = vocabulary.trie
    var allowed: [TokenID] = []
    var path = [state]
    var node = 1
    while node < trie.count {
      let depth = Int(trie.depths[node])
      path.removeLast(path.count - depth)
      if let next = step(trie.bytes[node], path[depth - 1]) {
        path.append(next)
        allowed += trie.tokens(at: node)
        node += 1
      } else {
        node = Int(trie.ends[node])
      }
    }
    return allowed
  }

  public func allows(_ token: TokenID?, after prefix: [TokenID]) -> Bool {
    guard let state = state(after: prefix) else { return false }
    guard let token else { return language.isComplete(state) }
    return self.state(after: vocabulary.bytes(of: token), from: state) != nil
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    prefixes.map { state(after: $0) == nil ? -.infinity : 0 }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    texts.map { state(after: $0).map(language.isComplete) == true ? 0 : -.infinity }
  }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    prefixes.map { prefix in
      var next = NextLogWeights(excluding: vocabulary)
      guard let state = state(after: prefix) else { return next }
      for token in allowedTokens(after: state) { next.values[Int(token)] = 0 }
      if language.isComplete(state) { next[nil] = 0 }
      return next
    }
  }

  /// Whether the vocabulary can begin a word of the language, or the empty text is one.
  public var canBegin: Bool {
    language.isComplete(language.start) || !allowedTokens(after: language.start).isEmpty
  }
}

extension ByteLanguage {
  /// This language as a condition on the tokens of `vocabulary`.
  ///
  /// - Throws: `TokenSteeringError` if no token can begin a word of the language.
  public func potential(over vocabulary: TokenVocabulary) throws(TokenSteeringError) -> LanguagePotential<Self> {
    let potential = LanguagePotential(self, vocabulary: vocabulary)
    guard potential.canBegin else {
      throw TokenSteeringError(
        .unspellable,
        "None of the \(vocabulary.count) tokens can begin a text that the constraint allows, or it allows no text.")
    }
    return potential
  }
}
