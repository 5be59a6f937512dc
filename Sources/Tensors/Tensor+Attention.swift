import CMLX

/// Rotary positions: the cosine and sine of the angles of each row, [rows, d/2] each.
@TensorActor
package struct RotaryAngles {
  package let cosine: Tensor<Float>
  package let sine: Tensor<Float>

  package init(cosine: Tensor<Float>, sine: Tensor<Float>) {
    self.cosine = cosine
    self.sine = sine
  }
}

/// Consecutive rows of a text. Texts with a common beginning share its segment.
package struct Segment: Sendable, Hashable {
  /// Rows, at least 1.
  package var count: Int
  /// The number of the segment that this one continues; nil at the beginning of a text.
  package var parent: Int?

  package init(_ count: Int, after parent: Int? = nil) {
    self.count = count
    self.parent = parent
  }
}

/// Queries [rows, heads·d], keys and values [rows, shared heads·d] of one layer, before rotation.
@TensorActor
package struct AttentionInput {
  package let queries, keys, values: Tensor<Float>
  package let heads, sharedHeads: Int

  package init(
    queries: Tensor<Float>, keys: Tensor<Float>, values: Tensor<Float>, heads: Int, sharedHeads: Int
  ) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.heads = heads
    self.sharedHeads = sharedHeads
  }

  fileprivate var shapes: [[Int]] { [queries.shape, keys.shape, values.shape] }

  /// Causal attention, with gradients, inside each segment and to the segments that it continues. Segments are
  /// consecutive rows. The softmax's weights are computed again for the gradients, so that memory grows linearly with
  /// the rows.
  ///
  /// - Parameter segments: parents before their children.
  package func attended(_ angles: RotaryAngles, segments: [Segment]) throws(TensorError) -> Tensor<Float> {
    let result = withExtendedLifetime((self, angles)) {
      cx_attention(
        queries.handle.pointer, keys.handle.pointer, values.handle.pointer, angles.cosine.handle.pointer,
        angles.sine.handle.pointer, Int32(clamping: heads), Int32(clamping: sharedHeads),
        segments.map { Int32(clamping: $0.count) }, segments.map { Int32(clamping: $0.parent ?? -1) }, segments.count)
    }
    return try checked("attention", shapes: shapes, result)
  }

  /// Causal attention for new rows of sequences whose past is in `store`. Writes the new keys and values to `store`.
  package func attended(
    _ angles: RotaryAngles, in store: KeyValueStore, layer: Int, sequences: [KeyValueStore.Sequence]
  ) throws(TensorError) -> Tensor<Float> {
    let result = withExtendedLifetime((self, angles, store)) {
      cx_cached_attention(
        store.pointer, Int32(clamping: layer), queries.handle.pointer, keys.handle.pointer, values.handle.pointer,
        angles.cosine.handle.pointer, angles.sine.handle.pointer, Int32(clamping: heads),
        sequences.map { Int32(clamping: $0.fresh) }, sequences.map { Int32(clamping: $0.past) },
        sequences.map { Int32(clamping: $0.blocks.count) },
        sequences.flatMap { $0.blocks.map { Int32(clamping: $0) } }, sequences.count)
    }
    return try checked("cached attention", shapes: shapes, result)
  }
}

/// Keys and values of all layers, in blocks of a few tokens. Sequences with a common beginning share blocks, as in
/// vLLM's paged attention (arXiv 2309.06180).
@TensorActor
package final class KeyValueStore {
  /// One sequence of a pass: `fresh` new rows after `past` cached ones. `blocks` numbers its blocks.
  package struct Sequence: Sendable {
    package var fresh: Int
    package var past: Int
    package var blocks: [Int]

    package init(fresh: Int, past: Int, blocks: [Int]) {
      self.fresh = fresh
      self.past = past
      self.blocks = blocks
    }
  }

  nonisolated(unsafe) let pointer: OpaquePointer
  package let blockTokens: Int

  package init(layers: Int, sharedHeads: Int, headDimension: Int, blockTokens: Int = 8) throws(TensorError) {
    guard
      let pointer = cx_cache_create(
        Int32(clamping: layers), Int32(clamping: sharedHeads), Int32(clamping: headDimension),
        Int32(clamping: blockTokens))
    else { throw TensorError("key-value store", lastError()) }
    self.pointer = pointer
    self.blockTokens = blockTokens
  }

  deinit { cx_cache_release(pointer) }

  /// Makes room for a total of `blocks` blocks.
  package func reserve(_ blocks: Int) throws(TensorError) {
    if cx_cache_reserve(pointer, Int32(clamping: blocks)) != 0 { throw TensorError("reserve", lastError()) }
  }
}
