import Agents
import Foundation
import ModelFiles
import Tensors

/// An adapter in PEFT's format: a folder with `adapter_config.json` and `adapter_model.safetensors` or
/// `adapter_model.bin`.
package struct AdapterFolder: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  static let configurationName = "adapter_config.json"
  static let weightsName = "adapter_model.safetensors"
  static let olderWeightsName = "adapter_model.bin"

  /// Reads the adapter for a model. The matrices in the file decide what is adapted. This covers all of PEFT's ways
  /// to give targets, layers, ranks and α.
  ///
  /// - Throws: `ModelError` if the folder holds no adapter, or one that is not plain LoRA on linear layers or does
  ///   not fit the model; `ModelFileError` if a file is damaged.
  @TensorActor
  package func read(for model: ModelConfiguration) throws -> AdapterWeights {
    let peft = try configuration()
    let file = try weights()
    var found: [Place: [String: String]] = [:]
    for name in file.names {
      guard let (layer, projection, matrix) = AdapterPlace.parse(name), layer < model.layers else {
        throw problem("has a tensor \(name.debugDescription) that does not fit any layer of this model")
      }
      guard found[Place(layer: layer, projection: projection), default: [:]].updateValue(name, forKey: matrix) == nil
      else { throw problem("has the tensor \(name) twice") }
    }
    try checkTargets(peft, found: Set(found.keys), model: model)
    let order = found.keys.sorted { ($0.layer, $0.projection.place) < ($1.layer, $1.projection.place) }
    var places: [AdapterPlace] = []
    var tensors: [Tensor<Float>] = []
    for place in order {
      let module = AdapterPlace(layer: place.layer, projection: place.projection, rank: 1, alpha: 1)
      guard let a = found[place]?["lora_A"], let b = found[place]?["lora_B"] else {
        throw problem("has only one of the two matrices of \(module.module)")
      }
      let rank = file.shape(of: a)?.first ?? 0
      guard (1...4096).contains(rank) else { throw problem("has a rank of \(rank) at \(module.module)") }
      if (peft.rank_pattern ?? [:]).isEmpty, rank != peft.r {
        throw problem("has a rank of \(rank) at \(module.module), but r is \(peft.r)")
      }
      let alpha: Double
      do { alpha = try peft.alpha(of: module.module, rank: rank) } catch {
        throw problem("has an unclear α: \(error)")
      }
      let whole = AdapterPlace(layer: place.layer, projection: place.projection, rank: rank, alpha: alpha)
      for (name, shape) in zip([a, b], whole.shapes(in: model)) {
        guard file.shape(of: name) == shape else {
          throw problem("has \(name) of shape \(file.shape(of: name) ?? []), but the model needs \(shape)")
        }
        tensors.append(try Tensor(file.floats(of: name), shape: shape))
      }
      places.append(whole)
    }
    return AdapterWeights(places, tensors: tensors)
  }

  private struct Place: Hashable {
    let layer: Int
    let projection: Projection
  }

  /// Checks that every listed target is present: a file truncated at the end of a tensor would read as a different
  /// adapter.
  private func checkTargets(_ peft: PEFTConfiguration, found: Set<Place>, model: ModelConfiguration) throws {
    if found.isEmpty { throw problem("has no tensors") }
    let targets: [Projection]
    switch peft.target_modules {
    case nil: return
    case .pattern("all-linear"): targets = Projection.allCases
    case .pattern: return
    case .names(let names):
      // A name is the path of a module, or its last component.
      targets = try names.compactMap { name in
        let last = name.split(separator: ".").last.map(String.init) ?? name
        guard let target = Projection(rawValue: last) else {
          throw problem("has the target \(name.debugDescription), which is not a projection of a layer")
        }
        return name.contains(".") ? nil : target
      }
    }
    let layers = peft.layers_to_transform?.numbers ?? Array(0..<model.layers)
    for layer in layers {
      for target in targets where !found.contains(Place(layer: layer, projection: target)) {
        throw problem("has no tensors for \(target.rawValue) of layer \(layer), which its configuration names")
      }
    }
  }

  private func weights() throws -> any WeightFile {
    let (name, older) = ("\(path)/\(Self.weightsName)", "\(path)/\(Self.olderWeightsName)")
    let files = FileManager.default
    if !files.fileExists(atPath: name), files.fileExists(atPath: older) { return try TorchFile(contentsOf: older) }
    return try SafetensorsFile(contentsOf: name)
  }

  /// The contents of `adapter_config.json`, if the adapter can be loaded.
  func configuration() throws -> PEFTConfiguration {
    let file = "\(path)/\(Self.configurationName)"
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ModelError("There is no adapter in \(path): it has no \(Self.configurationName).")
    }
    let peft: PEFTConfiguration
    do { peft = try JSONDecoder().decode(PEFTConfiguration.self, from: data) } catch {
      throw problem("has an \(Self.configurationName) that is not a LoRA configuration")
    }
    guard peft.peft_type == "LORA" else { throw problem("is of type \(peft.peft_type.debugDescription), not LORA") }
    guard (1...4096).contains(peft.r), peft.lora_alpha.isFinite,
      (peft.alpha_pattern ?? [:]).values.allSatisfy(\.isFinite)
    else { throw problem("has a rank of \(peft.r), or an α that is not a number") }
    if let method = peft.init_lora_weights?.changing {
      throw problem(
        """
        was made with init_lora_weights \(method.debugDescription), which changes the model's own weights, so that \
        it does not fit the unchanged model. Convert it to plain LoRA with PEFT: save_pretrained(…, \
        path_initial_model_for_weight_conversion=…)
        """)
    }
    if let name = peft.unsupported { throw problem("uses \(name), which is not supported") }
    return peft
  }

  /// Writes the folder, one file after another. Each file is replaced atomically.
  ///
  /// - Parameter base: where PEFT and converters find the model: a folder's path, or a name on the hub.
  @TensorActor
  package func write(_ adapter: AdapterWeights, base: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try SafetensorsFile.write(
      zip(adapter.names, adapter.tensors).map { ($0, $1.shape, try $1.values()) }, metadata: ["format": "pt"],
      to: "\(path)/\(Self.weightsName)")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(PEFTConfiguration(adapter.places, base: base)).write(
      to: URL(fileURLWithPath: "\(path)/\(Self.configurationName)"), options: .atomic)
  }

  /// A short digest of the weights.
  func digest() throws -> String {
    let names = [Self.weightsName, Self.olderWeightsName]
    guard let data = names.lazy.compactMap({ FileManager.default.contents(atPath: "\(path)/\($0)") }).first else {
      throw ModelError("There is no adapter in \(path): it has no \(Self.weightsName).")
    }
    var digest = Digest()
    let configuration = FileManager.default.contents(atPath: "\(path)/\(Self.configurationName)") ?? Data()
    digest.add(data.base64EncodedString(), configuration.base64EncodedString())
    return String(digest.text.prefix(8))
  }

  private func problem(_ what: String) -> ModelError { ModelError("The adapter \(path) \(what).") }
}

extension PEFTConfiguration {
  /// Uses the shortest form: names and layers if all adapted layers are adapted alike, otherwise paths and patterns.
  init(_ places: [AdapterPlace], base: String) {
    let layers = Set(places.map(\.layer))
    let projections = Projection.allCases.filter { projection in places.contains { $0.projection == projection } }
    let isEven = places.count == layers.count * projections.count
    let (rank, alpha) = (places.first?.rank ?? 1, places.first?.alpha ?? 1)
    self.init(
      peft_type: "LORA", r: rank, lora_alpha: alpha,
      target_modules: .names(isEven ? projections.map(\.rawValue) : places.map(\.module)),
      base_model_name_or_path: base)
    // The model may have further layers that are not adapted.
    layers_to_transform = isEven ? Layers(numbers: layers.sorted()) : nil
    rank_pattern = Dictionary(
      places.filter { $0.rank != rank }.map { (Self.literal($0.module), $0.rank) },
      uniquingKeysWith: { first, _ in first })
    alpha_pattern = Dictionary(
      places.filter { $0.alpha != alpha }.map { (Self.literal($0.module), $0.alpha) },
      uniquingKeysWith: { first, _ in first })
  }

  private static func literal(_ module: String) -> String { module.replacing(".", with: "\\.") }
}
