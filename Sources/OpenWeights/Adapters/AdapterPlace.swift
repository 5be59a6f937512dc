import ModelFiles

/// One adapted projection of one layer. Its addition to the weights is α/rank · B·A.
package struct AdapterPlace: Sendable, Hashable, Codable {
  package let layer: Int
  package let projection: Projection
  package let rank: Int
  package let alpha: Double

  package var scale: Float { Float(alpha / Double(rank)) }

  /// The module's name in the model, against which PEFT matches patterns.
  var module: String { "model.layers.\(layer).\(projection.path)" }

  /// The names that PEFT gives A and B.
  var names: [String] { ["A", "B"].map { "\(Self.prefix)\(module).lora_\($0).weight" } }

  static let prefix = "base_model.model."

  /// [rank, inputs] and [outputs, rank]
  func shapes(in model: ModelConfiguration) -> [[Int]] {
    let shape = projection.shape(in: model)
    return [[rank, shape[1]], [shape[0], rank]]
  }

  /// The module and the matrix that a tensor's name stands for; nil for any other name.
  static func parse(_ name: String) -> (layer: Int, projection: Projection, matrix: String)? {
    // The adapter's name comes before `weight` if a training state was saved unchanged.
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 9 || (parts.count == 10 && parts[8] == "default"), parts.last == "weight",
      Array(parts[..<4]) == ["base_model", "model", "model", "layers"], let layer = Int(parts[4]), layer >= 0,
      String(layer) == parts[4], let projection = Projection(rawValue: parts[6]),
      projection.path == "\(parts[5]).\(parts[6])", ["lora_A", "lora_B"].contains(parts[7])
    else { return nil }
    return (layer, projection, parts[7])
  }
}

extension AdapterConfiguration {
  /// The places in a model with this many layers, in the order of an adapter's tensors.
  func places(layers: Int) -> [AdapterPlace] {
    (0..<layers).flatMap { layer in
      targets.map { AdapterPlace(layer: layer, projection: $0, rank: rank, alpha: alpha) }
    }
  }
}
