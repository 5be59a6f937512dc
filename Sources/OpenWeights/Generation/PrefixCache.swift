import ModelFiles
import Tensors

/// The cached keys and values of sequences, in blocks of a few tokens. Sequences with a common beginning share
/// blocks. A forked particle therefore costs nothing until it diverges, and the next question of a trajectory reuses
/// the previous ones.
///
/// A block is identified by its tokens and its parent block, as in vLLM's automatic prefix caching. Unused blocks are
/// kept until space is needed; the least recently used are evicted first.
@TensorActor
final class PrefixCache {
  /// A sequence in the cache.
  struct Sequence {
    /// Tokens whose keys and values are stored.
    fileprivate(set) var tokens: [Int32] = []
    fileprivate(set) var blocks: [Int] = []
    /// Identifies the last complete block.
    fileprivate var parent = 0
  }

  /// Identifies a complete block by its tokens and by its parent, which stands for everything before them.
  struct Key: Hashable {
    let parent: Int
    let tokens: [Int32]
  }

  let store: KeyValueStore
  /// A second model's keys and values of the same tokens, in blocks with the same numbers.
  private let second: KeyValueStore?
  let capacity: Int
  private var free: [Int] = []
  private var made = 0
  private var references: [Int] = []
  private var keys: [Key?] = []
  /// Serial numbers of the blocks' contents. They are never reused, so that a key cannot refer to a block's former
  /// contents.
  private var serials: [Int] = []
  private var lastUse: [Int] = []
  private var known: [Key: Int] = [:]
  private var clock = 0

  /// - Parameter capacity: the most blocks.
  init(store: KeyValueStore, second: KeyValueStore? = nil, capacity: Int) {
    self.store = store
    self.second = second
    self.capacity = max(1, capacity)
  }

  /// - Parameter bytes: the memory that keys and values of one model may take.
  convenience init(for shape: ModelConfiguration, second: KeyValueStore? = nil, bytes: Int) throws(TensorError) {
    let store = try KeyValueStore(for: shape)
    let blockBytes = shape.layers * shape.keyValueHeads * shape.headDimension * 2 * store.blockTokens * 4
    self.init(store: store, second: second, capacity: bytes / blockBytes)
  }

  var blockTokens: Int { store.blockTokens }

  /// A sequence that begins with the cached part of `prompt`. The last token is always left out, since at least one
  /// token must be processed.
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

  /// The key of the first complete block of `prompt` after `sequence`; nil if the remaining tokens do not fill a
  /// block.
  func nextKey(of prompt: [Int32], after sequence: Sequence) -> Key? {
    let start = sequence.tokens.count
    guard start % blockTokens == 0, start + blockTokens < prompt.count else { return nil }
    return Key(parent: sequence.parent, tokens: Array(prompt[start..<start + blockTokens]))
  }

  /// Makes room for `count` more tokens.
  ///
  /// - Throws: if too many blocks are in use. The sequence is then unchanged, and the blocks remain free for others.
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

  /// Records that the keys and values of `tokens` are stored. Complete blocks can then be shared.
  func fill(_ sequence: inout Sequence, with tokens: [Int32]) {
    for token in tokens {
      sequence.tokens.append(token)
      guard sequence.tokens.count % blockTokens == 0 else { continue }
      let place = sequence.tokens.count / blockTokens - 1
      let key = Key(parent: sequence.parent, tokens: Array(sequence.tokens.suffix(blockTokens)))
      if let twin = known[key] {
        // Another sequence has stored the same block in the meantime.
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

  /// Releases the last block first: fewer sequences can reuse it, and none without the blocks before it.
  func close(_ sequence: Sequence) {
    for block in sequence.blocks.reversed() { release(block) }
  }

  /// The number of blocks held by sequences.
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
        The text does not fit into the cache of \(capacity) blocks of \(blockTokens) tokens: raise \
        policy.cacheMegabytes.
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

  /// Evicts an eighth of the unused blocks.
  private func evict() {
    let unused = (0..<made).filter { references[$0] == 0 && keys[$0] != nil }.sorted { lastUse[$0] < lastUse[$1] }
    for block in unused.prefix(max(1, unused.count / 8)) {
      if let key = keys[block] { known[key] = nil }
      keys[block] = nil
      free.append(block)
    }
  }
}

extension KeyValueStore {
  /// A store for the keys and values of a model.
  convenience init(for shape: ModelConfiguration) throws(TensorError) {
    try self.init(layers: shape.layers, sharedHeads: shape.keyValueHeads, headDimension: shape.headDimension)
  }
}
