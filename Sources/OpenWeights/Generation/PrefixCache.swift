#if OpenWeights
  import Tensors

  /// The past of sequences, kept in blocks of a few tokens. Sequences that begin alike share blocks, so that a forked particle
  /// costs nothing until it goes its own way, and the next question of a trajectory reads the last one's answer from here.
  ///
  /// A block is known by its tokens and by the block before it (as in vLLM's automatic prefix caching). A block that nobody uses
  /// is kept until room is needed, the longest unused going first.
  @TensorActor
  final class PrefixCache {
    /// A sequence in the cache.
    struct Sequence {
      /// Tokens whose keys and values are stored.
      fileprivate(set) var tokens: [Int32] = []
      fileprivate(set) var blocks: [Int] = []
      /// What the last whole block is known by.
      fileprivate var parent = 0
    }

    /// What a whole block holds: its tokens, after everything that its parent stands for.
    struct Key: Hashable {
      let parent: Int
      let tokens: [Int32]
    }

    let store: KeyValueStore
    /// Another model's keys and values of the same tokens, in blocks of the same numbers.
    private let second: KeyValueStore?
    let capacity: Int
    private var free: [Int] = []
    private var made = 0
    private var references: [Int] = []
    private var keys: [Key?] = []
    /// Numbers that are never used again, so that a key never names what another block held before.
    private var serials: [Int] = []
    private var lastUse: [Int] = []
    private var known: [Key: Int] = [:]
    private var clock = 0

    /// - Parameter capacity: blocks, at most.
    init(store: KeyValueStore, second: KeyValueStore? = nil, capacity: Int) {
      self.store = store
      self.second = second
      self.capacity = max(1, capacity)
    }

    var blockTokens: Int { store.blockTokens }

    /// A sequence that begins with as much of `prompt` as is stored, its last token left out: something must be asked.
    func open(_ prompt: [Int32]) -> Sequence {
      var sequence = Sequence()
      while let key = nextKey(of: prompt, after: sequence), let block = known[key] {
        retain(block)
        sequence.blocks.append(block)
        sequence.tokens += key.tokens
        sequence.parent = serials[block]
      }
      return sequence
    }

    /// The first whole block of `prompt` that `sequence` does not have, or nil where the rest does not fill one.
    func nextKey(of prompt: [Int32], after sequence: Sequence) -> Key? {
      let start = sequence.tokens.count
      guard start % blockTokens == 0, start + blockTokens < prompt.count else { return nil }
      return Key(parent: sequence.parent, tokens: Array(prompt[start..<start + blockTokens]))
    }

    /// Makes room for `count` more tokens.
    ///
    /// - Throws: where too many blocks are in use. The sequence is left as it was: what it cannot use, others can.
    func extend(_ sequence: inout Sequence, by count: Int) throws(ModelError) {
      let needed = (sequence.tokens.count + count + blockTokens - 1) / blockTokens
      let before = sequence.blocks.count
      do throws(ModelError) {
        while sequence.blocks.count < needed { sequence.blocks.append(try allocate()) }
      } catch {
        while sequence.blocks.count > before { release(sequence.blocks.removeLast()) }
        throw error
      }
    }

    /// The keys and values of `tokens` are stored: whole blocks become known to others.
    func fill(_ sequence: inout Sequence, with tokens: [Int32]) {
      for token in tokens {
        sequence.tokens.append(token)
        guard sequence.tokens.count % blockTokens == 0 else { continue }
        let place = sequence.tokens.count / blockTokens - 1
        let key = Key(parent: sequence.parent, tokens: Array(sequence.tokens.suffix(blockTokens)))
        if let twin = known[key] {
          // Somebody stored the same meanwhile.
          release(sequence.blocks[place])
          retain(twin)
          sequence.blocks[place] = twin
        } else {
          known[key] = sequence.blocks[place]
          keys[sequence.blocks[place]] = key
        }
        sequence.parent = serials[sequence.blocks[place]]
      }
    }

    /// The end first: it is of use to fewer, and of none without its beginning.
    func close(_ sequence: Sequence) {
      for block in sequence.blocks.reversed() { release(block) }
    }

    /// Blocks that sequences hold now.
    var used: Int { references.count { $0 > 0 } }

    private func retain(_ block: Int) {
      clock += 1
      references[block] += 1
      lastUse[block] = clock
    }

    private func release(_ block: Int) {
      clock += 1
      references[block] -= 1
      lastUse[block] = clock
      if references[block] == 0, keys[block] == nil { free.append(block) }
    }

    private func allocate() throws(ModelError) -> Int {
      if free.isEmpty {
        if made < capacity { try grow() } else { evict() }
      }
      guard let block = free.popLast() else {
        throw ModelError(
          """
          The cache of \(capacity) blocks of \(blockTokens) tokens is full of sequences in use. \
          Raise policy.cacheMegabytes, or lower policy.concurrency.
          """, isTooLong: true)
      }
      clock += 1
      serials[block] = clock
      references[block] = 1
      lastUse[block] = clock
      return block
    }

    private func grow() throws(ModelError) {
      let more = min(max(16, made / 2), capacity - made)
      do {
        try store.reserve(made + more)
        try second?.reserve(made + more)
      } catch {
        throw ModelError("There is no memory for \(made + more) blocks of the cache: \(error.message)")
      }
      free += (made..<made + more).reversed()
      references += Array(repeating: 0, count: more)
      keys += Array(repeating: nil, count: more)
      serials += Array(repeating: 0, count: more)
      lastUse += Array(repeating: 0, count: more)
      made += more
    }

    /// Forgets an eighth of what nobody uses.
    private func evict() {
      let unused = (0..<made).filter { references[$0] == 0 && keys[$0] != nil }.sorted { lastUse[$0] < lastUse[$1] }
      for block in unused.prefix(max(1, unused.count / 8)) {
        if let key = keys[block] { known[key] = nil }
        keys[block] = nil
        free.append(block)
      }
    }
  }
#endif
