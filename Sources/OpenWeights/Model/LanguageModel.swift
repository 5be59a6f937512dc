import ModelFiles
import Tensors

/// A frozen model of the Llama family (Llama, SmolLM2, Qwen 2.5, Qwen 3).
///
/// Rows of several sequences are processed together, concatenated without padding: [rows, hidden].
@TensorActor
package final class LanguageModel {
  package let configuration: ModelConfiguration
  package let precision: Precision
  /// [vocabulary, hidden]
  let embedding: Weight
  /// [vocabulary, hidden]; the same matrix as the embedding if they are tied.
  let head: Weight
  let finalNorm: Tensor<Float>
  let layers: [Layer]
  let rotary: Rotary

  /// The weights of one layer, in Hugging Face's layout.
  struct Layer {
    let inputNorm, attentionNorm: Tensor<Float>
    /// In the order of ``Projection/allCases``, each [outputs, inputs].
    let projections: [Weight]
    /// The biases, if the architecture has them.
    let biases: [Projection: Tensor<Float>]
    /// The norms of each head's queries and keys, if the architecture has them.
    let queryNorm, keyNorm: Tensor<Float>?
    /// The matrices, if all are packed and nothing stands between them and the attention.
    let packed: PackedLayer?

    @TensorActor
    init(
      inputNorm: Tensor<Float>, attentionNorm: Tensor<Float>, projections: [Weight],
      biases: [Projection: Tensor<Float>], queryNorm: Tensor<Float>?, keyNorm: Tensor<Float>?
    ) {
      (self.inputNorm, self.attentionNorm, self.projections) = (inputNorm, attentionNorm, projections)
      (self.biases, self.queryNorm, self.keyNorm) = (biases, queryNorm, keyNorm)
      let matrices = projections.compactMap { $0.packed }
      let isPlain = matrices.count == projections.count && biases.isEmpty && queryNorm == nil && keyNorm == nil
      packed = isPlain ? PackedLayer(matrices: matrices) : nil
    }
  }

  struct PackedLayer {
    fileprivate let matrices: [PackedMatrix]

    subscript(_ projection: Projection) -> PackedMatrix { matrices[projection.place] }
  }

  package init(
    _ configuration: ModelConfiguration, weights: any WeightFile, precision: Precision = .exact
  ) throws {
    func check(_ name: String, _ shape: [Int]) throws {
      guard let found = weights.shape(of: name) else { throw ModelError("The model has no tensor \(name).") }
      guard found == shape else { throw ModelError("The tensor \(name) is \(found), not \(shape).") }
    }
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor<Float> {
      try check(name, shape)
      return try Tensor(weights.floats(of: name), shape: shape)
    }
    func matrix(_ name: String, _ shape: [Int]) throws -> Weight {
      try check(name, shape)
      return try Weight(name, shape, of: weights, precision: precision)
    }
    let hidden = configuration.hiddenSize
    self.configuration = configuration
    self.precision = precision
    embedding = try matrix("model.embed_tokens.weight", [configuration.vocabulary, hidden])
    head =
      configuration.tiedEmbeddings
      ? embedding : try matrix("lm_head.weight", [configuration.vocabulary, hidden])
    finalNorm = try tensor("model.norm.weight", [hidden])
    rotary = Rotary(configuration)
    layers = try (0..<configuration.layers).map { number in
      let prefix = "model.layers.\(number)"
      let perHead = [configuration.headDimension]
      return Layer(
        inputNorm: try tensor("\(prefix).input_layernorm.weight", [hidden]),
        attentionNorm: try tensor("\(prefix).post_attention_layernorm.weight", [hidden]),
        projections: try Projection.allCases.map {
          try matrix("\(prefix).\($0.path).weight", $0.shape(in: configuration))
        },
        biases: Dictionary(
          uniqueKeysWithValues: try Self.biased(configuration).map {
            ($0, try tensor("\(prefix).\($0.path).bias", [$0.shape(in: configuration)[0]]))
          }),
        queryNorm: configuration.queryKeyNorm
          ? try tensor("\(prefix).self_attn.q_norm.weight", perHead) : nil,
        keyNorm: configuration.queryKeyNorm ? try tensor("\(prefix).self_attn.k_norm.weight", perHead) : nil)
    }
  }
}

extension LanguageModel {
  /// The projections that have a bias.
  private static func biased(_ configuration: ModelConfiguration) -> [Projection] {
    (configuration.attentionBias ? [.query, .key, .value] : []) + (configuration.outputBias ? [.output] : [])
  }
}

/// Why a model or an adapter cannot be used, or why a request to it failed.
package struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String
  /// Only one text failed: it is too long for the model or the cache.
  package let isTooLong: Bool
  /// The work was stopped on request.
  package let isStopped: Bool

  package init(_ description: String, isTooLong: Bool = false, isStopped: Bool = false) {
    self.description = description
    self.isTooLong = isTooLong
    self.isStopped = isStopped
  }
}

/// The linear layers of a transformer layer. All of them may have an adapter.
package enum Projection: String, CaseIterable, Sendable, Codable {
  case query = "q_proj"
  case key = "k_proj"
  case value = "v_proj"
  case output = "o_proj"
  case gate = "gate_proj"
  case up = "up_proj"
  case down = "down_proj"

  /// Hugging Face's name inside the layer.
  package var path: String {
    switch self {
    case .query, .key, .value, .output: "self_attn.\(rawValue)"
    case .gate, .up, .down: "mlp.\(rawValue)"
    }
  }

  /// [outputs, inputs]
  package func shape(in model: ModelConfiguration) -> [Int] {
    let (wide, narrow) = (model.heads * model.headDimension, model.keyValueHeads * model.headDimension)
    return switch self {
    case .query: [wide, model.hiddenSize]
    case .key, .value: [narrow, model.hiddenSize]
    case .output: [model.hiddenSize, wide]
    case .gate, .up: [model.feedForward, model.hiddenSize]
    case .down: [model.hiddenSize, model.feedForward]
    }
  }

  var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
