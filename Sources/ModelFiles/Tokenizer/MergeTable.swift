/// The merges of a byte-pair encoding: which token a pair of neighbouring tokens becomes, and in which order.
struct MergeTable: Sendable {
  /// The rank (lower first) and the merged token of each pair. The key has the left token in its upper half.
  private var merges: [UInt64: (rank: UInt32, token: Int32)] = [:]

  init(reserving count: Int) { merges.reserveCapacity(count) }

  /// The last rank of a duplicate pair counts, as in Hugging Face's tokenizers.
  mutating func add(_ left: Int32, _ right: Int32, rank: Int, becomes token: Int32) {
    merges[MergeTable.key(left, right)] = (UInt32(rank), token)
  }

  func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, token: Int32)? { merges[MergeTable.key(left, right)] }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}

/// Merges the symbols of a word in O(n log n) of its length. Buffers are reused between words.
struct BytePairMerger {
  private let table: MergeTable
  /// A linked list of symbols: their tokens, and the indices of their neighbours (−1 for none). A symbol that was
  /// merged into its left neighbour has the token −1.
  private var tokens: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var queue: [Candidate] = []

  /// A possible merge of a pair, given by the index of its left symbol. Ordered by rank, then from left to right.
  private struct Candidate {
    let order: UInt64
    let token: Int32

    init(rank: UInt32, place: Int32, token: Int32) {
      order = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: place))
      self.token = token
    }

    var place: Int { Int(order & 0xFFFF_FFFF) }
  }

  init(_ table: MergeTable) { self.table = table }

  /// Appends the tokens of a word. `symbols` are its initial tokens, one for each byte.
  mutating func merge(_ symbols: [Int32], into result: inout [Int]) {
    guard symbols.count > 1 else {
      for symbol in symbols { result.append(Int(symbol)) }
      return
    }
    tokens = symbols
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    queue.removeAll(keepingCapacity: true)
    let count = Int32(symbols.count)
    for index in 0..<count {
      previous.append(index - 1)
      next.append(index + 1 < count ? index + 1 : -1)
    }
    for index in 0..<count - 1 { consider(index) }
    while let candidate = pop() { apply(candidate) }
    var index: Int32 = 0
    while index >= 0 {
      result.append(Int(tokens[Int(index)]))
      index = next[Int(index)]
    }
  }

  private mutating func apply(_ candidate: Candidate) {
    let place = candidate.place
    let right = next[place]
    // One of the two symbols may have been merged with another since the candidate was queued.
    guard tokens[place] >= 0, right >= 0,
      table.merge(tokens[place], tokens[Int(right)])?.token == candidate.token
    else { return }
    tokens[place] = candidate.token
    tokens[Int(right)] = -1
    next[place] = next[Int(right)]
    if next[place] >= 0 { previous[Int(next[place])] = Int32(place) }
    if previous[place] >= 0 { consider(previous[place]) }
    consider(Int32(place))
  }

  private mutating func consider(_ place: Int32) {
    let right = next[Int(place)]
    guard right >= 0, let merge = table.merge(tokens[Int(place)], tokens[Int(right)]) else { return }
    push(Candidate(rank: merge.rank, place: place, token: merge.token))
  }

  private mutating func push(_ candidate: Candidate) {
    queue.append(candidate)
    var child = queue.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard queue[child].order < queue[parent].order else { return }
      queue.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> Candidate? {
    guard let last = queue.popLast() else { return nil }
    guard let first = queue.first else { return last }
    queue[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < queue.count && queue[child].order < queue[least].order
      {
        least = child
      }
      if least == parent { return first }
      queue.swapAt(parent, least)
      parent = least
    }
  }
}
