extension ModelConfiguration {
  /// Bounds far above any model that runs here. A larger value indicates a damaged or hostile file.
  enum Limits {
    static let width = 1 << 17
    static let layers = 1024
    static let heads = 1024
    static let vocabulary = 1 << 21
    static let positions = 1 << 26
  }

  /// The first invalid value in words, or nil.
  var problem: String? {
    let sizes = [
      ("hidden size", hiddenSize, Limits.width), ("number of layers", layers, Limits.layers),
      ("number of heads", heads, Limits.heads), ("number of key-value heads", keyValueHeads, Limits.heads),
      ("head dimension", headDimension, 4096), ("feed-forward width", feedForward, Limits.width * 8),
      ("vocabulary", vocabulary, Limits.vocabulary), ("number of positions", maximumPositions, Limits.positions),
    ]
    for (name, size, limit) in sizes where !(1...limit).contains(size) {
      return "the \(name) is \(size), not within 1 to \(limit)"
    }
    if heads % keyValueHeads != 0 { return "\(keyValueHeads) key-value heads do not divide \(heads) heads" }
    if headDimension % 2 != 0 { return "the head dimension \(headDimension) is odd" }
    if !(normEpsilon >= 0 && normEpsilon < 1) { return "the norm's ε is \(normEpsilon), not within 0 to 1" }
    if !(ropeBase >= 1 && ropeBase.isFinite) { return "RoPE's base is \(ropeBase), not at least 1" }
    if let ropeScaling, let problem = ropeScaling.problem { return problem }
    for token in endTokens + [beginToken].compactMap(\.self) where !(0..<vocabulary).contains(token) {
      return "the token \(token) is not one of the vocabulary's \(vocabulary) tokens"
    }
    if addsBeginToken, beginToken == nil { return "texts must begin with a token, but none is named" }
    return nil
  }

  /// The names of all weights and their shapes; [outputs, inputs] for a linear layer. The output's weights are omitted
  /// if they are the embedding's.
  package var expectedShapes: [String: [Int]] {
    var shapes = ["model.embed_tokens.weight": [vocabulary, hiddenSize], "model.norm.weight": [hiddenSize]]
    if !tiedEmbeddings { shapes["lm_head.weight"] = [vocabulary, hiddenSize] }
    let queries = heads * headDimension
    let keys = keyValueHeads * headDimension
    for layer in 0..<layers {
      let prefix = "model.layers.\(layer)."
      shapes[prefix + "input_layernorm.weight"] = [hiddenSize]
      shapes[prefix + "post_attention_layernorm.weight"] = [hiddenSize]
      for (name, rows) in [("q_proj", queries), ("k_proj", keys), ("v_proj", keys)] {
        shapes[prefix + "self_attn.\(name).weight"] = [rows, hiddenSize]
        if attentionBias { shapes[prefix + "self_attn.\(name).bias"] = [rows] }
      }
      shapes[prefix + "self_attn.o_proj.weight"] = [hiddenSize, queries]
      if outputBias { shapes[prefix + "self_attn.o_proj.bias"] = [hiddenSize] }
      for name in ["q_norm", "k_norm"] where queryKeyNorm {
        shapes[prefix + "self_attn.\(name).weight"] = [headDimension]
      }
      for name in ["gate_proj", "up_proj"] { shapes[prefix + "mlp.\(name).weight"] = [feedForward, hiddenSize] }
      shapes[prefix + "mlp.down_proj.weight"] = [hiddenSize, feedForward]
    }
    return shapes
  }

  /// Checks that `weights` has every tensor of `expectedShapes` in its shape, and no tensor that would be ignored.
  ///
  /// - Throws: `ModelFileError` of kind `inconsistent` for the first wrong tensor.
  package func check(_ weights: any WeightFile, path: String) throws(ModelFileError) {
    let expected = expectedShapes
    for (name, shape) in expected.sorted(by: { $0.key < $1.key }) {
      guard let found = weights.shape(of: name) else {
        throw ModelFileError(.inconsistent, path, "The tensor \(name) is missing.")
      }
      guard found == shape else {
        throw ModelFileError(.inconsistent, path, "\(name) has the shape \(found), but should have \(shape).")
      }
    }
    // Old exporters also write RoPE's frequencies and a second copy of a tied embedding. Both are redundant.
    let harmless = { (name: String) in
      name.hasSuffix("rotary_emb.inv_freq") || (tiedEmbeddings && name == "lm_head.weight")
    }
    if let extra = weights.names.first(where: { expected[$0] == nil && !harmless($0) }) {
      throw ModelFileError(
        .inconsistent, path,
        "There is a tensor \(quoted(extra)) that a model of architecture \(architecture.rawValue) does not have.")
    }
  }
}

extension ModelConfiguration.RoPEScaling {
  var problem: String? {
    switch self {
    case .linear(let factor):
      return factor >= 1 && factor <= 1e4 ? nil : "RoPE's scaling factor is \(factor), not within 1 to 10000"
    case .llama3(let factor, let low, let high, let positions):
      guard factor >= 1, factor <= 1e4, low > 0, high > low, high <= 1e6,
        (1...ModelConfiguration.Limits.positions).contains(positions)
      else { return "RoPE's scaling by Llama 3's rule has wrong factors" }
      return nil
    }
  }
}
