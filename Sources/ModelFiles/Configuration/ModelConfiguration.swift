/// The dimensions of a decoder-only transformer of the Llama family, and its begin-of-text and end-of-text tokens.
///
/// The initialiser checks every value, also when decoding: sizes are positive and bounded, heads divide into key-value
/// heads, and tokens lie in the vocabulary.
package struct ModelConfiguration: Sendable, Hashable, Codable {
  package enum Architecture: String, Sendable, Hashable, Codable, CaseIterable {
    /// Llama 2 and 3, SmolLM, and Mistral without sliding-window attention.
    case llama
    /// With biases on q, k and v.
    case qwen2
    /// With a norm on each head of q and k.
    case qwen3
  }

  /// How RoPE's frequencies are changed for contexts longer than those of pre-training.
  package enum RoPEScaling: Sendable, Hashable, Codable {
    /// All frequencies divided by `factor`.
    case linear(factor: Double)
    /// Llama 3.1: wavelengths longer than originalPositions / low are divided by `factor`. Wavelengths shorter than
    /// originalPositions / high are unchanged. A smooth ramp lies between them.
    case llama3(factor: Double, low: Double, high: Double, originalPositions: Int)
  }

  package let architecture: Architecture
  /// Width of the residual stream.
  package let hiddenSize: Int
  package let layers: Int
  /// Heads of q.
  package let heads: Int
  /// Heads of k and v; divides `heads`.
  package let keyValueHeads: Int
  /// Width of one head; even.
  package let headDimension: Int
  /// Inner width of the feed-forward layers.
  package let feedForward: Int
  /// Rows of the embedding; may exceed the number of tokens of the tokenizer.
  package let vocabulary: Int
  /// The longest context, in tokens.
  package let maximumPositions: Int
  /// Added to the mean square in RMSNorm.
  package let normEpsilon: Double
  /// RoPE's base θ.
  package let ropeBase: Double
  package let ropeScaling: RoPEScaling?
  /// Whether the output shares the embedding's weights.
  package let tiedEmbeddings: Bool
  /// Whether q, k and v have biases.
  package let attentionBias: Bool
  /// Whether the attention's output projection has a bias.
  package let outputBias: Bool
  /// Whether each head of q and k has an RMSNorm.
  package let queryKeyNorm: Bool
  /// The token that begins a text.
  package let beginToken: Int?
  /// Whether the model was trained with `beginToken` before every text.
  package let addsBeginToken: Bool
  /// Tokens that end an answer: the declared ones first, then the known ones that the vocabulary contains.
  package let endTokens: [Int]

  /// - Throws: `ModelFileError` of kind `inconsistent` if a value is out of bounds or two values disagree.
  package init(
    architecture: Architecture, hiddenSize: Int, layers: Int, heads: Int, keyValueHeads: Int, headDimension: Int,
    feedForward: Int, vocabulary: Int, maximumPositions: Int, normEpsilon: Double, ropeBase: Double,
    ropeScaling: RoPEScaling? = nil, tiedEmbeddings: Bool, attentionBias: Bool, outputBias: Bool = false,
    queryKeyNorm: Bool,
    beginToken: Int? = nil, addsBeginToken: Bool = false, endTokens: [Int] = [], path: String = "configuration"
  ) throws(ModelFileError) {
    self.architecture = architecture
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.feedForward = feedForward
    self.vocabulary = vocabulary
    self.maximumPositions = maximumPositions
    self.normEpsilon = normEpsilon
    self.ropeBase = ropeBase
    self.ropeScaling = ropeScaling
    self.tiedEmbeddings = tiedEmbeddings
    self.attentionBias = attentionBias
    self.outputBias = outputBias
    self.queryKeyNorm = queryKeyNorm
    self.beginToken = beginToken
    self.addsBeginToken = addsBeginToken
    self.endTokens = endTokens
    if let problem { throw ModelFileError(.inconsistent, path, "The configuration is wrong: \(problem).") }
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      architecture: values.decode(Architecture.self, forKey: .architecture),
      hiddenSize: values.decode(Int.self, forKey: .hiddenSize), layers: values.decode(Int.self, forKey: .layers),
      heads: values.decode(Int.self, forKey: .heads), keyValueHeads: values.decode(Int.self, forKey: .keyValueHeads),
      headDimension: values.decode(Int.self, forKey: .headDimension),
      feedForward: values.decode(Int.self, forKey: .feedForward),
      vocabulary: values.decode(Int.self, forKey: .vocabulary),
      maximumPositions: values.decode(Int.self, forKey: .maximumPositions),
      normEpsilon: values.decode(Double.self, forKey: .normEpsilon),
      ropeBase: values.decode(Double.self, forKey: .ropeBase),
      ropeScaling: values.decodeIfPresent(RoPEScaling.self, forKey: .ropeScaling),
      tiedEmbeddings: values.decode(Bool.self, forKey: .tiedEmbeddings),
      attentionBias: values.decode(Bool.self, forKey: .attentionBias),
      outputBias: values.decodeIfPresent(Bool.self, forKey: .outputBias) ?? false,
      queryKeyNorm: values.decode(Bool.self, forKey: .queryKeyNorm),
      beginToken: values.decodeIfPresent(Int.self, forKey: .beginToken),
      addsBeginToken: values.decode(Bool.self, forKey: .addsBeginToken),
      endTokens: values.decode([Int].self, forKey: .endTokens))
  }
}
