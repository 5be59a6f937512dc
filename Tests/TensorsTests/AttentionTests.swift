import Foundation
import TestTraits
import Testing

@testable import Tensors

/// Attention compared with plain arithmetic in doubles, with and without a cache.
@Suite(.modelsInProcess) struct AttentionTests {
  init() async { await Engine.setThreads(1) }

  /// Queries, keys and values of the rows of several texts, and the rotary angles.
  struct Case {
    let heads: Int, shared: Int, d: Int
    let q: Plain, k: Plain, v: Plain
    let angles: [[Double]]

    /// - Parameter positions: The position of each row in its text.
    init(positions: [Int], heads: Int, shared: Int, d: Int, seed: UInt64) {
      var draws = Draws(seed)
      (self.heads, self.shared, self.d) = (heads, shared, d)
      q = Plain([positions.count, heads * d], &draws, in: -2...2)
      k = Plain([positions.count, shared * d], &draws, in: -2...2)
      v = Plain([positions.count, shared * d], &draws)
      angles = positions.map { position in
        (0..<d / 2).map { Double(position) * pow(100, -2 * Double($0) / Double(d)) }
      }
    }

    @TensorActor func rotary(_ rows: [Int]) throws -> RotaryAngles {
      RotaryAngles(
        cosine: try Tensor(rows.flatMap { angles[$0].map { Float(cos($0)) } }, shape: [rows.count, d / 2]),
        sine: try Tensor(rows.flatMap { angles[$0].map { Float(sin($0)) } }, shape: [rows.count, d / 2]))
    }

    @TensorActor func input(_ rows: [Int]) throws -> AttentionInput {
      let numbers = try Tensor(rows.map(Int32.init))
      return AttentionInput(
        queries: try q.tensor.rows(numbers), keys: try k.tensor.rows(numbers), values: try v.tensor.rows(numbers),
        heads: heads, sharedHeads: shared)
    }

    private func rotated(_ x: Plain, row: Int, head: Int) -> [Double] {
      let start = row * x.shape[1] + head * d
      let values = x.values[start..<start + d].map(Double.init)
      return (0..<d).map { i in
        let (c, s) = (cos(angles[row][i % (d / 2)]), sin(angles[row][i % (d / 2)]))
        return i < d / 2 ? values[i] * c - values[i + d / 2] * s : values[i] * c + values[i - d / 2] * s
      }
    }

    /// The output for a row that attends to these rows, itself included.
    func expected(row: Int, seeing seen: [Int]) -> [Double] {
      (0..<heads).flatMap { head in
        let group = head / (heads / shared)
        let query = rotated(q, row: row, head: head)
        let scores = seen.map { other in
          zip(query, rotated(k, row: other, head: group)).reduce(0) { $0 + $1.0 * $1.1 } / Double(d).squareRoot()
        }
        let top = scores.max() ?? 0
        let sum = scores.reduce(0) { $0 + exp($1 - top) }
        return (0..<d).map { i in
          zip(seen, scores).reduce(0) {
            $0 + exp($1.1 - top) / sum * Double(v.values[$1.0 * shared * d + group * d + i])
          }
        }
      }
    }
  }

  @TensorActor @Test(arguments: [(1, 1, 2), (4, 2, 8), (6, 2, 16), (3, 3, 6)])
  func segmentsSeeTheirPast(heads: Int, shared: Int, d: Int) throws {
    // A text of 7 tokens; a text of 5 + 3; a text that continues the same first 5 by 9 + 1; and a text of a single
    // token.
    let segments = [
      Segment(7), Segment(5), Segment(3, after: 1), Segment(9, after: 1), Segment(1), Segment(1, after: 3),
    ]
    var (positions, seen, ends): ([Int], [[Int]], [[Int]]) = ([], [], [])
    for segment in segments {
      var past = segment.parent.map { ends[$0] } ?? []
      for _ in 0..<segment.count {
        past.append(positions.count)
        positions.append(past.count - 1)
        seen.append(past)
      }
      ends.append(past)
    }
    let made = Case(positions: positions, heads: heads, shared: shared, d: d, seed: UInt64(heads * d))
    let rows = Array(positions.indices)
    let values = try made.input(rows).attended(made.rotary(rows), segments: segments).values()
    expectClose(values, rows.flatMap { made.expected(row: $0, seeing: seen[$0]) }, 3e-6)
  }

  /// Two texts processed in pieces of changing sizes over shared blocks, compared with the whole.
  @TensorActor @Test(arguments: [(1, 1, 2), (4, 2, 8), (8, 2, 16)])
  func aCacheChangesNothing(heads: Int, shared: Int, d: Int) throws {
    let lengths = [23, 14]
    // The second text shares the first 8 rows of the first and has 14 of its own.
    let positions = Array(0..<23) + Array(8..<22)
    let made = Case(positions: positions, heads: heads, shared: shared, d: d, seed: UInt64(7 * heads * d))
    let store = try KeyValueStore(layers: 2, sharedHeads: shared, headDimension: d, blockTokens: 4)
    try store.reserve(12)
    let tables = [[3, 1, 4, 0, 5, 9], [3, 1, 2, 6, 8, 7]]
    var found = [[Float]](repeating: [], count: 37)
    func pass(_ pieces: [(text: Int, from: Int, count: Int)]) throws {
      let rows = pieces.flatMap { piece in (0..<piece.count).map { (piece.text == 0 ? 0 : 23) + piece.from + $0 } }
      let values = try made.input(rows).attended(
        made.rotary(rows), in: store, layer: 1,
        sequences: pieces.map {
          .init(fresh: $0.count, past: ($0.text == 0 ? 0 : 8) + $0.from, blocks: tables[$0.text])
        }
      ).values()
      for (place, row) in rows.enumerated() {
        found[row] = Array(values[place * heads * d..<(place + 1) * heads * d])
      }
    }
    try pass([(0, 0, 9)])
    try pass([(0, 9, 1), (1, 0, 3)])
    try pass([(1, 3, 10), (0, 10, 4)])
    try pass([(1, 13, 1)])
    try pass([(0, 14, 9)])
    for row in 0..<37 {
      let seen = row < 23 ? Array(0...row) : Array(0..<8) + Array(23...row)
      expectClose(found[row], made.expected(row: row, seeing: seen), 3e-6, "row \(row) of \(lengths)")
    }
  }
}
