import Tensors

/// Which rows the rows of a pass attend to.
enum Attending: Sendable {
  /// Earlier rows of the same segment and of the segments that it continues. Gradients flow.
  case segments([Segment])
  /// Also the past of the row's sequence in a store.
  case cached(KeyValueStore, [KeyValueStore.Sequence])

  /// The position of every row in its sequence.
  var positions: [Int] {
    switch self {
    case .segments(let segments):
      segments.reduce(into: (ends: [Int](), positions: [Int]())) { all, segment in
        let start = segment.parent.map { all.ends[$0] } ?? 0
        all.positions += start..<start + segment.count
        all.ends.append(start + segment.count)
      }.positions
    case .cached(_, let sequences): sequences.flatMap { $0.past..<$0.past + $0.fresh }
    }
  }
}

extension LanguageModel {
  /// The last layer's normalised hidden states, [rows, hidden].
  ///
  /// - Parameters:
  ///   - tokens: the tokens of all sequences, one after another.
  ///   - adapter: low-rank additions to the weights, which carry gradients.
  ///   - checkpointing: keeps only the states between layers, and recomputes the rest for gradients.
  func hiddenStates(
    _ tokens: [Int32], attending: Attending, adapter: AdapterWeights? = nil, checkpointing: Bool = false
  ) throws -> Tensor<Float> {
    let positions = attending.positions
    guard tokens.count == positions.count, !tokens.isEmpty else {
      throw ModelError("\(tokens.count) tokens were given for \(positions.count) positions.")
    }
    guard tokens.allSatisfy({ $0 >= 0 && $0 < configuration.vocabulary }) else {
      throw ModelError("A token is outside the vocabulary of \(configuration.vocabulary).")
    }
    let angles = try rotary.angles(positions)
    var x = try embedding.rows(tokens)
    for number in layers.indices {
      let additions = adapter?.layer(number)
      if checkpointing {
        // Tensors with gradients are passed as inputs, since a checkpoint gives no gradients for captured values.
        let pieces = additions?.tensors ?? []
        x = try checkpointed([x] + pieces) { [self] inputs throws(TensorError) in
          [
            try layer(
              number, inputs[0], angles: angles, attending: attending,
              additions: additions?.replacing(Array(inputs.dropFirst())))
          ]
        }[0]
      } else {
        x = try layer(number, x, angles: angles, attending: attending, additions: additions)
      }
    }
    return try x.rootMeanSquareNormalised(weight: finalNorm, epsilon: Float(configuration.normEpsilon))
  }

  /// The logits of hidden states [rows, hidden], [rows, vocabulary].
  func logits(_ hidden: Tensor<Float>) throws(TensorError) -> Tensor<Float> {
    try head.product(hidden)
  }

  private func layer(
    _ number: Int, _ x: Tensor<Float>, angles: RotaryAngles, attending: Attending,
    additions: AdapterWeights.Layer?
  ) throws(TensorError) -> Tensor<Float> {
    let layer = layers[number]
    let epsilon = Float(configuration.normEpsilon)
    if case .cached(let store, let sequences) = attending, additions == nil, let packed = layer.packed {
      let inputs = try PackedMatrix.products(
        of: x, norm: layer.inputNorm, epsilon: epsilon, [packed[.query], packed[.key], packed[.value]])
      let attention = AttentionInput(
        queries: inputs[0], keys: inputs[1], values: inputs[2], heads: configuration.heads,
        sharedHeads: configuration.keyValueHeads)
      return try PackedMatrix.output(
        of: x, attended: attention.attended(angles, in: store, layer: number, sequences: sequences),
        norm: layer.attentionNorm, epsilon: epsilon, output: packed[.output], gate: packed[.gate], up: packed[.up],
        down: packed[.down])
    }
    func linear(_ projection: Projection, _ input: Tensor<Float>) throws(TensorError) -> Tensor<Float> {
      var result = try layer.projections[projection.place].product(input)
      if let bias = layer.biases[projection] { result = try result + bias }
      if let added = try additions?.addition(projection, input) { result = try result + added }
      return result
    }
    let input = try x.rootMeanSquareNormalised(weight: layer.inputNorm, epsilon: epsilon)
    let attention = AttentionInput(
      queries: try normalised(linear(.query, input), by: layer.queryNorm),
      keys: try normalised(linear(.key, input), by: layer.keyNorm), values: try linear(.value, input),
      heads: configuration.heads, sharedHeads: configuration.keyValueHeads)
    let attended =
      switch attending {
      case .segments(let segments): try attention.attended(angles, segments: segments)
      case .cached(let store, let sequences):
        try attention.attended(angles, in: store, layer: number, sequences: sequences)
      }
    let x = try x + linear(.output, attended)
    let wide = try x.rootMeanSquareNormalised(weight: layer.attentionNorm, epsilon: epsilon)
    return try x + linear(.down, linear(.gate, wide).swiglu(linear(.up, wide)))
  }

  /// Normalises each head if the architecture normalises queries and keys.
  private func normalised(_ rows: Tensor<Float>, by weight: Tensor<Float>?) throws(TensorError) -> Tensor<Float> {
    guard let weight else { return rows }
    let shape = rows.shape
    return try rows.reshaped([rows.count / configuration.headDimension, configuration.headDimension])
      .rootMeanSquareNormalised(weight: weight, epsilon: Float(configuration.normEpsilon)).reshaped(shape)
  }
}
