#if OpenWeights
  import Agents
  import Foundation
  import ModelFiles
  import Tensors

  /// What a low-rank adapter is (LoRA, arXiv 2106.09685): W·x + α/rank · B·A·x, with the model's own weights W frozen.
  public struct AdapterConfiguration: Sendable, Hashable, Codable {
    public var rank: Int
    /// α, in PEFT's terms `lora_alpha`.
    public var alpha: Double
    /// In the order of ``Projection/allCases``.
    public var targets: [Projection]

    public init(
      rank: Int = 32, alpha: Double = 64, targets: [Projection] = [.query, .key, .value, .output]
    ) {
      self.rank = rank
      self.alpha = alpha
      self.targets = Projection.allCases.filter(targets.contains)
    }

    public var scale: Float { Float(alpha / Double(rank)) }
  }

  /// The two matrices of every adapted projection of every layer.
  @TensorActor
  public struct AdapterWeights {
    public let configuration: AdapterConfiguration
    /// A [rank, inputs] and B [outputs, rank] of each target of each layer, in order.
    public private(set) var tensors: [Tensor<Float>]

    /// - Precondition: `tensors` are as many as layers, targets and matrices ask for.
    init(_ configuration: AdapterConfiguration, tensors: [Tensor<Float>]) {
      self.configuration = configuration
      self.tensors = tensors
    }

    /// A fresh one, which changes nothing: A uniform in ±1/√inputs (as PEFT's Kaiming initialisation has it), B zero.
    public init(_ configuration: AdapterConfiguration, for model: ModelConfiguration, seed: Seed) throws {
      guard configuration.rank > 0, configuration.alpha.isFinite, !configuration.targets.isEmpty else {
        throw ModelError("An adapter needs a positive rank, a finite α and at least one target.")
      }
      self.configuration = configuration
      tensors = []
      for layer in 0..<model.layers {
        for target in configuration.targets {
          let shape = target.shape(in: model)
          var generator = seed.split(layer).split(target.rawValue).generator()
          let bound = 1 / Float(shape[1]).squareRoot()
          let values = (0..<configuration.rank * shape[1]).map { _ in (Float(generator.uniform()) * 2 - 1) * bound }
          tensors.append(try Tensor(values, shape: [configuration.rank, shape[1]]))
          tensors.append(try Tensor(repeating: 0, shape: [shape[0], configuration.rank]))
        }
      }
    }

    /// The same adapter with other matrices.
    func replacing(_ tensors: [Tensor<Float>]) -> AdapterWeights { AdapterWeights(configuration, tensors: tensors) }

    /// A few letters that tell this adapter from any other.
    public func identity() throws -> String {
      var digest = Digest()
      for tensor in tensors {
        let values = try tensor.values()
        digest.add(values.withUnsafeBytes { Data($0).base64EncodedString() })
      }
      return String(digest.text.prefix(12))
    }

    /// The names that PEFT gives the matrices, in the order of ``tensors``.
    nonisolated static func names(_ configuration: AdapterConfiguration, layers: Int) -> [String] {
      (0..<layers).flatMap { layer in
        configuration.targets.flatMap { target in
          ["A", "B"].map { "base_model.model.model.layers.\(layer).\(target.path).lora_\($0).weight" }
        }
      }
    }

    /// The matrices of one layer.
    struct Layer: Sendable {
      let configuration: AdapterConfiguration
      let tensors: [Tensor<Float>]

      func replacing(_ tensors: [Tensor<Float>]) -> Layer { Layer(configuration: configuration, tensors: tensors) }

      /// α/rank · x·Aᵀ·Bᵀ of rows x, or nil where the projection carries no adapter.
      @TensorActor
      func addition(_ projection: Projection, _ x: Tensor<Float>) throws(TensorError) -> Tensor<Float>? {
        guard let place = configuration.targets.firstIndex(of: projection) else { return nil }
        let (a, b) = (tensors[2 * place], tensors[2 * place + 1])
        return try (x.product(transposed: a) * configuration.scale).product(transposed: b)
      }
    }

    func layer(_ number: Int) -> Layer {
      let size = 2 * configuration.targets.count
      return Layer(configuration: configuration, tensors: Array(tensors[number * size..<(number + 1) * size]))
    }
  }
#endif
