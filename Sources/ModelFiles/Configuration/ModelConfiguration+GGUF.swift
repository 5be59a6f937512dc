extension ModelConfiguration {
  /// Reads GGUF's metadata.
  ///
  /// - Parameter tokenizer: determines the end-of-text tokens.
  package init(_ file: GGUFFile, tokenizer: Tokenizer) throws(ModelFileError) {
    let general = ModelFields(file)
    let name = try general.string("general.architecture") ?? ""
    guard let architecture = Architecture(rawValue: name) else {
      throw ModelFileError(
        .unsupported, file.path,
        "The architecture \(quoted(name)) is not supported. Supported are llama, qwen2 and qwen3.")
    }
    let fields = ModelFields(file, prefix: name + ".")
    let hiddenSize = try fields.integer("embedding_length", in: 1...Limits.width)
    let heads = try fields.integer("attention.head_count", in: 1...Limits.heads)
    let headDimension = try fields.integer(
      "attention.key_length", in: 1...4096, default: hiddenSize % heads == 0 ? hiddenSize / heads : nil)
    let positions = try fields.integer("context_length", in: 1...Limits.positions)
    try ModelConfiguration.refuseUnsupported(fields, headDimension: headDimension, positions: positions)
    guard let embedding = file.tensors["token_embd.weight"] else {
      throw ModelFileError(.inconsistent, file.path, "The tensor token_embd.weight is missing.")
    }
    let ropeBase = try fields.positive("rope.freq_base", default: 10_000)
    let texts = ModelFields(file, prefix: "tokenizer.ggml.")
    let begin = try texts.tokens("bos_token_id").first
    let ends = try texts.tokens("eos_token_id") + texts.tokens("eot_token_id") + TextTokens.knownEnds(tokenizer)
    try self.init(
      architecture: architecture, hiddenSize: hiddenSize,
      layers: fields.integer("block_count", in: 1...Limits.layers), heads: heads,
      keyValueHeads: fields.integer("attention.head_count_kv", in: 1...Limits.heads, default: heads),
      headDimension: headDimension, feedForward: fields.integer("feed_forward_length", in: 1...Limits.width * 8),
      vocabulary: embedding.shape.first ?? 0, maximumPositions: positions,
      normEpsilon: fields.positive("attention.layer_norm_rms_epsilon"), ropeBase: ropeBase,
      ropeScaling: ModelConfiguration.ropeScaling(
        file, fields, headDimension: headDimension, base: ropeBase),
      tiedEmbeddings: file.tensors["output.weight"] == nil,
      attentionBias: file.tensors["blk.0.attn_q.bias"] != nil,
      outputBias: file.tensors["blk.0.attn_output.bias"] != nil,
      queryKeyNorm: file.tensors["blk.0.attn_q_norm.weight"] != nil, beginToken: begin,
      addsBeginToken: texts.bool("add_bos_token", default: tokenizer.beginsTexts(with: begin)) && begin != nil,
      endTokens: ends.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }, path: file.path)
  }

  private static func refuseUnsupported(
    _ fields: ModelFields, headDimension: Int, positions: Int
  ) throws(ModelFileError) {
    if try fields.integer("rope.dimension_count", in: 1...4096, default: headDimension) != headDimension {
      throw fields.unsupported("RoPE on a part of each head")
    }
    if try fields.integer("attention.value_length", in: 1...4096, default: headDimension) != headDimension {
      throw fields.unsupported("A size of values other than that of keys")
    }
    if try fields.integer("expert_count", in: 0...Int.max, default: 0) > 0 {
      throw fields.unsupported("A mixture of experts")
    }
    if try fields.integer("attention.sliding_window", in: 0...Int.max, default: positions) < positions {
      throw fields.unsupported("Attention to a sliding window")
    }
  }

  private static func ropeScaling(
    _ file: GGUFFile, _ fields: ModelFields, headDimension: Int, base: Double
  ) throws(ModelFileError) -> RoPEScaling? {
    if let tensor = file.tensors["rope_freqs.weight"] {
      let factors = try file.floats(of: tensor)
      if factors.allSatisfy({ $0 == 1 }) { return nil }
      guard factors.count == headDimension / 2, let scaling = RoPEScaling(factors: factors, base: base) else {
        throw fields.unsupported("RoPE by the factors of rope_freqs.weight, which are not those of Llama 3's rule,")
      }
      return scaling
    }
    switch try fields.string("rope.scaling.type") {
    case nil, "none": return nil
    case "linear": return .linear(factor: try fields.positive("rope.scaling.factor"))
    case let type: throw fields.unsupported("RoPE's scaling \(quoted(type ?? ""))")
    }
  }
}
