import Tensors

/// Sequences packed for one pass. A common beginning of several sequences (few-shot examples, a task's prompt, the
/// shared past of siblings) is stored once. Each row that predicts a drawn token is listed.
struct PackedSequences: Sendable {
  private(set) var tokens: [Int32] = []
  private(set) var segments: [Segment] = []
  /// The rows that predict drawn tokens, sequence after sequence. One row may predict several.
  private(set) var rows: [Int32] = []
  /// The token drawn at each of these rows.
  private(set) var targets: [Int32] = []
  /// The tokens that each draw was confined to; empty if none was confined.
  let allowed: [[Int32]]
  /// For each sequence, the rows of its tokens in order.
  private(set) var paths: [[Int32]]

  /// A shorter common beginning does not get a segment of its own.
  private static let shortest = 8

  /// - Throws: if a sequence is empty, or has a drawn token at place 0 or past its end.
  init(_ sequences: [TokenSequence]) throws {
    for sequence in sequences {
      guard
        sequence.drawn.allSatisfy({ $0 > 0 && $0 < sequence.tokens.count }),
        sequence.allowed.isEmpty || sequence.allowed.count == sequence.drawn.count, !sequence.tokens.isEmpty
      else { throw ModelError("A sequence names drawn tokens that it does not have.") }
    }
    allowed = sequences.contains { !$0.allowed.isEmpty } ? sequences.flatMap(\.lists) : []
    paths = Array(repeating: [], count: sequences.count)
    let order = sequences.indices.sorted {
      sequences[$0].tokens.lexicographicallyPrecedes(sequences[$1].tokens)
    }
    add(order[...], of: sequences, from: 0, after: nil, past: [])
    for (number, sequence) in sequences.enumerated() {
      rows += sequence.drawn.map { paths[number][$0 - 1] }
      targets += sequence.drawn.map { sequence.tokens[$0] }
    }
  }

  var count: Int { rows.count }

  /// Adds the sequences of `group`, which share their first `start` tokens, from that position on.
  private mutating func add(
    _ group: ArraySlice<Int>, of sequences: [TokenSequence], from start: Int, after parent: Int?, past: [Int32]
  ) {
    var left = group
    while let first = left.first {
      // Finds the following sequences with a sufficiently long common beginning.
      var size = 1
      var shared = sequences[first].tokens.count - start
      while size < left.count {
        let common = Self.common(sequences[first].tokens, sequences[left[left.startIndex + size]].tokens, from: start)
        if common < Self.shortest { break }
        shared = min(shared, common)
        size += 1
      }
      let alike = left.prefix(size)
      left = left.dropFirst(size)
      guard shared > 0 else {
        // The sequence ends where the others continue.
        paths[first] = past
        if size > 1 { add(alike.dropFirst(), of: sequences, from: start, after: parent, past: past) }
        continue
      }
      let segment = segments.count
      segments.append(Segment(shared, after: parent))
      let here = past + (0..<shared).map { Int32(tokens.count + $0) }
      tokens += sequences[first].tokens[start..<start + shared]
      if size == 1 {
        paths[first] = here
      } else {
        add(alike, of: sequences, from: start + shared, after: segment, past: here)
      }
    }
  }

  private static func common(_ a: [Int32], _ b: [Int32], from start: Int) -> Int {
    var count = start
    while count < min(a.count, b.count), a[count] == b[count] { count += 1 }
    return count - start
  }
}
