import Agents
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// The cache in isolation: which blocks hold which tokens.
@Suite(.modelsInProcess) struct PrefixCacheTests {
  static let block = 4

  @TensorActor static func make(_ capacity: Int) throws -> PrefixCache {
    PrefixCache(
      store: try KeyValueStore(layers: 1, sharedHeads: 1, headDimension: 2, blockTokens: block), capacity: capacity)
  }

  @TensorActor @Test func whatIsAlikeIsShared() throws {
    let cache = try Self.make(16)
    let text = (0..<18).map(Int32.init)
    var first = cache.open(text)
    #expect(first.tokens.isEmpty)
    try cache.extend(&first, by: 18)
    cache.fill(&first, with: text)
    #expect(cache.used == 5)
    // Only whole blocks are reused, and never the last token of a request.
    #expect(cache.open(Array(text[..<16])).tokens == Array(text[..<12]))
    #expect(cache.open(Array(text[..<17])).tokens == Array(text[..<16]))
    let longer = cache.open(text + [7, 7, 7, 7])
    #expect(longer.tokens == Array(text[..<16]) && longer.blocks == Array(first.blocks[..<4]))
    #expect(cache.open([5] + text).tokens.isEmpty)
    // The same tokens after another beginning are another block.
    #expect(cache.open(Array(text[4...])).tokens.isEmpty)
  }

  /// Thousands of random steps on many sequences, compared with a model of every block's contents.
  @TensorActor @Test(arguments: [6, 20, 300]) func aRandomLife(capacity: Int) throws {
    let cache = try Self.make(capacity)
    var generator = Seed(UInt64(capacity)).generator()
    /// The contents of each block: its tokens and the text before them.
    var held: [Int: (past: [Int32], tokens: [Int32])] = [:]
    var open: [(text: [Int32], sequence: PrefixCache.Sequence)] = []
    var (hits, refusals) = (0, 0)
    // Texts form a tree, so that they share beginnings.
    func text() -> [Int32] {
      (0..<1 + generator.number(below: 40)).map { $0 % 5 == 0 ? Int32(generator.number(below: 2)) : Int32($0) }
    }
    func check(_ sequence: PrefixCache.Sequence) {
      #expect(Set(sequence.blocks).count == sequence.blocks.count)
      #expect(sequence.blocks.allSatisfy { (0..<capacity).contains($0) })
      for (place, number) in sequence.blocks.enumerated() where place * Self.block < sequence.tokens.count {
        let range = place * Self.block..<min((place + 1) * Self.block, sequence.tokens.count)
        let found = held[number]
        #expect(found?.past == Array(sequence.tokens[..<range.lowerBound]))
        #expect(found?.tokens.starts(with: sequence.tokens[range]) == true)
      }
    }
    for _ in 0..<4_000 {
      switch generator.number(below: 4) {
      case 0 where open.count < 12:
        let text = text()
        let sequence = cache.open(text)
        #expect(text.starts(with: sequence.tokens) && sequence.tokens.count < text.count)
        #expect(
          sequence.tokens.count % Self.block == 0 && sequence.blocks.count == sequence.tokens.count / Self.block)
        hits += sequence.blocks.count
        check(sequence)
        open.append((text, sequence))
      case 1, 2:
        guard !open.isEmpty else { continue }
        let place = generator.number(below: open.count)
        let start = open[place].sequence.tokens.count
        let count = min(open[place].text.count - start, 1 + generator.number(below: 9))
        guard count > 0 else { continue }
        let before = open[place].sequence.blocks
        do throws(ModelError) {
          try cache.extend(&open[place].sequence, by: count)
        } catch {
          refusals += 1
          #expect(error.description.contains("policy.cacheMegabytes"))
          // An extension that does not fit as a whole allocates nothing.
          #expect(
            open[place].sequence.blocks == before
              && cache.used - before.count + (start + count + 3) / Self.block > capacity)
          continue
        }
        let blocks = open[place].sequence.blocks
        #expect(blocks.count * Self.block >= start + count && blocks.starts(with: before))
        // The pass writes to the sequence's new blocks.
        let fresh = Array(open[place].text[start..<start + count])
        for (offset, token) in fresh.enumerated() {
          let (number, row) = ((start + offset) / Self.block, (start + offset) % Self.block)
          if row == 0 { held[blocks[number]] = (Array(open[place].text[..<(start + offset)]), []) }
          #expect(held[blocks[number]]?.tokens.count == row)
          held[blocks[number]]?.tokens.append(token)
        }
        cache.fill(&open[place].sequence, with: fresh)
        check(open[place].sequence)
      default:
        guard !open.isEmpty else { continue }
        cache.close(open.remove(at: generator.number(below: open.count)).sequence)
      }
      #expect(cache.used == Set(open.flatMap(\.sequence.blocks)).count)
    }
    for entry in open {
      check(entry.sequence)
      cache.close(entry.sequence)
    }
    #expect(cache.used == 0)
    #expect(hits > 100 && (capacity > 20 || refusals > 50) && (capacity < 300 || refusals == 0))
  }

  /// The end of an old text is evicted before its beginning, since other texts may share the beginning.
  @TensorActor @Test func theEndIsForgottenFirst() throws {
    let cache = try Self.make(4)
    func pass(_ text: [Int32]) throws {
      var sequence = cache.open(text)
      let fresh = Array(text[sequence.tokens.count...])
      try cache.extend(&sequence, by: fresh.count)
      cache.fill(&sequence, with: fresh)
      cache.close(sequence)
    }
    let text = (0..<12).map(Int32.init)
    try pass(text)
    try pass([50, 51, 52, 53, 54])
    let again = cache.open(text)
    #expect(again.tokens == Array(text[..<8]))
  }
}
