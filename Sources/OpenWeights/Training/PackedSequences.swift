#if OpenWeights
  import Tensors

  /// Sequences as a pass works on them: what several begin with is there once (few-shot examples, a task's prompt, the past that
  /// siblings share), and each row that predicts a drawn token is named.
  struct PackedSequences: Sendable {
    private(set) var tokens: [Int32] = []
    private(set) var segments: [Segment] = []
    /// Rows that predict a drawn token, sequence after sequence. One row may predict several.
    private(set) var rows: [Int32] = []
    /// What was drawn there.
    private(set) var targets: [Int32] = []
    /// What it was confined to, empty where nothing was confined.
    let allowed: [[Int32]]
    /// For each sequence the rows of its tokens, first to last.
    private(set) var paths: [[Int32]]

    /// A shorter common beginning is not worth a segment of its own.
    private static let shortest = 8

    /// - Throws: where a sequence has a token drawn from nothing, or out of order.
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

    /// Adds the sequences of `group`, in order and alike in their first `start` tokens, from there on.
    private mutating func add(
      _ group: ArraySlice<Int>, of sequences: [TokenSequence], from start: Int, after parent: Int?, past: [Int32]
    ) {
      var left = group
      while let first = left.first {
        // As many neighbours as begin alike for long enough.
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
          // Nothing is left of it: it ends where the others go on.
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
#endif
