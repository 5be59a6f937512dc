import Agents
import Foundation
import ModelFiles
import Tensors

/// Settings of a new low-rank adapter (LoRA, arXiv 2106.09685): W·x + α/rank · B·A·x, with the model's own weights W
/// frozen.
package struct AdapterConfiguration: Sendable, Hashable, Codable {
  package var rank: Int
  /// α, called `lora_alpha` in PEFT.
  package var alpha: Double
  /// In the order of ``Projection/allCases``.
  package var targets: [Projection]

  package init(
    rank: Int = 32, alpha: Double = 64, targets: [Projection] = [.query, .key, .value, .output]
  ) {
    self.rank = rank
    self.alpha = alpha
    self.targets = Projection.allCases.filter(targets.contains)
  }
}

/// The two matrices of every adapted projection. Layers may have different targets, and places different ranks and α.
@TensorActor
package struct AdapterWeights {
  /// Ordered by layer, then as in ``Projection/allCases``.
  package nonisolated let places: [AdapterPlace]
  /// A [rank, inputs] and B [outputs, rank] of each place, in order.
  package private(set) var tensors: [Tensor<Float>]

  /// - Precondition: `tensors` has two tensors for each place.
  init(_ places: [AdapterPlace], tensors: [Tensor<Float>]) {
    self.places = places
    self.tensors = tensors
  }

  /// A new adapter, which does not change the model yet: A uniform in ±1/√inputs (PEFT's Kaiming initialisation), B
  /// zero.
  package init(_ configuration: AdapterConfiguration, for model: ModelConfiguration, seed: Seed) throws {
    guard configuration.rank > 0, configuration.alpha.isFinite, !configuration.targets.isEmpty else {
      throw ModelError("An adapter needs a positive rank, a finite α and at least one target.")
    }
    places = configuration.places(layers: model.layers)
    tensors = []
    for place in places {
      let shapes = place.shapes(in: model)
      var generator = seed.split(place.layer).split(place.projection.rawValue).generator()
      let bound = 1 / Float(shapes[0][1]).squareRoot()
      let values = (0..<shapes[0][0] * shapes[0][1]).map { _ in (Float(generator.uniform()) * 2 - 1) * bound }
      tensors.append(try Tensor(values, shape: shapes[0]))
      tensors.append(try Tensor(repeating: 0, shape: shapes[1]))
    }
  }

  /// The same adapter with other matrices.
  func replacing(_ tensors: [Tensor<Float>]) -> AdapterWeights { AdapterWeights(places, tensors: tensors) }

  /// A short digest of the matrices, which identifies the adapter.
  package func identity() throws -> String {
    var digest = Digest()
    for tensor in tensors {
      let values = try tensor.values()
      digest.add(values.withUnsafeBytes { Data($0).base64EncodedString() })
    }
    return String(digest.text.prefix(12))
  }

  /// The names that PEFT gives the matrices, in the order of ``tensors``.
  nonisolated var names: [String] { places.flatMap(\.names) }

  /// The matrices of one layer.
  struct Layer: Sendable {
    let places: [AdapterPlace]
    let tensors: [Tensor<Float>]

    func replacing(_ tensors: [Tensor<Float>]) -> Layer { Layer(places: places, tensors: tensors) }

    /// α/rank · x·Aᵀ·Bᵀ of rows x; nil if the projection has no adapter.
    @TensorActor
    func addition(_ projection: Projection, _ x: Tensor<Float>) throws(TensorError) -> Tensor<Float>? {
      guard let place = places.firstIndex(where: { $0.projection == projection }) else { return nil }
      let (a, b) = (tensors[2 * place], tensors[2 * place + 1])
      return try (x.product(transposed: a) * places[place].scale).product(transposed: b)
    }
  }

  func layer(_ number: Int) -> Layer {
    let first = places.firstIndex { $0.layer >= number } ?? places.count
    let end = places[first...].firstIndex { $0.layer > number } ?? places.count
    return Layer(places: Array(places[first..<end]), tensors: Array(tensors[2 * first..<2 * end]))
  }
}
