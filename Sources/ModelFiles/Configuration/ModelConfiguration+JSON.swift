import Foundation

extension ModelConfiguration {
  /// Reads `config.json` and, if they exist, `generation_config.json` and `tokenizer_config.json`.
  ///
  /// - Parameters:
  ///   - folder: a Hugging Face folder.
  ///   - tokenizer: determines the begin-of-text and end-of-text tokens.
  package init(folder: String, tokenizer: Tokenizer) throws(ModelFileError) {
    let root = URL(fileURLWithPath: folder, isDirectory: true)
    func fields(_ name: String) throws(ModelFileError) -> ModelFields? {
      let path = root.appendingPathComponent(name).path
      guard MappedFile.exists(path) else { return nil }
      let object = try JSON(contentsOf: path)
      guard object.object != nil else {
        throw ModelFileError(.malformed, path, "This is \(object.kind), not an object.")
      }
      return ModelFields(object, path: path)
    }
    guard let config = try fields("config.json") else {
      throw ModelFileError(.unreadable, folder, "There is no config.json in this folder.")
    }
    let generation = try fields("generation_config.json")
    let texts = TextTokens(try fields("tokenizer_config.json"), tokenizer)
    let sources = [config, generation].compactMap(\.self)
    var begins: [Int] = []
    var ends: [Int] = []
    for source in sources {
      begins += try source.tokens("bos_token_id")
      ends += try source.tokens("eos_token_id")
    }
    try self.init(
      config: config, begin: texts.begin ?? begins.first, addsBegin: texts.addsBegin(), ends: ends + texts.ends)
  }

  private init(config: ModelFields, begin: Int?, addsBegin: Bool, ends: [Int]) throws(ModelFileError) {
    let architecture = try ModelConfiguration.architecture(of: config)
    let hiddenSize = try config.integer("hidden_size", in: 1...Limits.width)
    let heads = try config.integer("num_attention_heads", in: 1...Limits.heads)
    let headDimension = try config.integer(
      "head_dim", in: 1...4096, default: hiddenSize % heads == 0 ? hiddenSize / heads : nil)
    let layers = try config.integer("num_hidden_layers", in: 1...Limits.layers)
    let positions = try config.integer("max_position_embeddings", in: 1...Limits.positions)
    try ModelConfiguration.refuseUnsupported(config, architecture, layers: layers, positions: positions)
    // Since transformers 5, one object has all of RoPE's settings.
    let rope = config["rope_parameters"].map { ModelFields($0, path: config.path) }
    try self.init(
      architecture: architecture, hiddenSize: hiddenSize, layers: layers, heads: heads,
      keyValueHeads: config.integer("num_key_value_heads", in: 1...Limits.heads, default: heads),
      headDimension: headDimension, feedForward: config.integer("intermediate_size", in: 1...Limits.width * 8),
      vocabulary: config.integer("vocab_size", in: 1...Limits.vocabulary), maximumPositions: positions,
      normEpsilon: config.positive("rms_norm_eps", default: 1e-6),
      ropeBase: (rope ?? config).positive("rope_theta", default: rope == nil ? 10_000 : config["rope_theta"]?.number),
      ropeScaling: RoPEScaling(
        rope ?? config["rope_scaling"].map { ModelFields($0, path: config.path) }, positions: positions),
      tiedEmbeddings: config.bool("tie_word_embeddings", default: false),
      attentionBias: architecture == .qwen2 ? true : config.bool("attention_bias", default: false),
      // Qwen 2 has biases on q, k and v alone. Models with optional biases have them on the output, too.
      outputBias: architecture == .qwen2 ? false : config.bool("attention_bias", default: false),
      queryKeyNorm: architecture == .qwen3, beginToken: begin, addsBeginToken: addsBegin && begin != nil,
      endTokens: ends.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }, path: config.path)
  }

  private static func architecture(of config: ModelFields) throws(ModelFileError) -> Architecture {
    switch try config.string("model_type") {
    case "llama", "mistral": return .llama
    case "qwen2": return .qwen2
    case "qwen3": return .qwen3
    case let type:
      throw ModelFileError(
        .unsupported, config.path,
        "The model type \(quoted(type ?? "")) is not supported. Supported are llama, mistral, qwen2 and qwen3.")
    }
  }

  /// Rejects settings that would otherwise be ignored silently and change the model's answers.
  private static func refuseUnsupported(
    _ config: ModelFields, _ architecture: Architecture, layers: Int, positions: Int
  ) throws(ModelFileError) {
    if let activation = try config.string("hidden_act"), activation != "silu", activation != "swish" {
      throw config.unsupported("The activation \(quoted(activation))")
    }
    if config["quantization_config"] != nil { throw config.unsupported("A quantised model in safetensors") }
    if try config.bool("mlp_bias", default: false) { throw config.unsupported("A bias in the feed-forward layers") }
    if let part = config["partial_rotary_factor"]?.number, part != 1 { throw config.unsupported("Partial RoPE") }
    let slides = try config.bool("use_sliding_window", default: architecture == .llama)
    if slides, try config.integer("sliding_window", in: 1...Int.max, default: Int.max) < positions {
      throw config.unsupported("Attention to a sliding window")
    }
    for kind in config["layer_types"]?.array ?? [] where kind.string != "full_attention" {
      throw config.unsupported("Attention of the kind \(quoted(kind.string ?? kind.kind))")
    }
  }
}

/// The begin-of-text and end-of-text tokens, from `tokenizer_config.json` and the vocabulary.
struct TextTokens {
  private let fields: ModelFields?
  private let tokenizer: Tokenizer
  let begin: Int?
  /// The declared end-of-text token, followed by the known tokens that end an answer. Many files declare the end of a
  /// text and omit the end of a turn.
  let ends: [Int]

  init(_ fields: ModelFields?, _ tokenizer: Tokenizer) {
    self.fields = fields
    self.tokenizer = tokenizer
    begin = TextTokens.text(fields?["bos_token"]).flatMap(tokenizer.token(of:))
    ends =
      [TextTokens.text(fields?["eos_token"]).flatMap(tokenizer.token(of:))].compactMap(\.self)
      + TextTokens.knownEnds(tokenizer)
  }

  /// Whether texts begin with the token, as declared or by the tokenizer's own post-processing.
  func addsBegin() throws(ModelFileError) -> Bool {
    let said = tokenizer.beginsTexts(with: begin)
    guard let fields else { return said }
    return try fields.bool("add_bos_token", default: said)
  }

  static func knownEnds(_ tokenizer: Tokenizer) -> [Int] {
    ["<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|eom_id|>", "<|endoftext|>"].compactMap(tokenizer.token(of:))
  }

  /// A special token's text, given as a string or as an added-token object.
  static func text(_ value: JSON?) -> String? { value?.string ?? value?["content"]?.string }
}
