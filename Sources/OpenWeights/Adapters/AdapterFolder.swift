#if OpenWeights
  import Agents
  import Foundation
  import ModelFiles
  import Tensors

  /// An adapter as PEFT keeps it: a folder of `adapter_config.json` and `adapter_model.safetensors`.
  public struct AdapterFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    static let configurationName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"

    /// What of `adapter_config.json` decides how an adapter works. What is written is what PEFT 0.17 reads.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct PEFT: Codable {
      var peft_type: String
      var r: Int
      var lora_alpha: Double
      var target_modules: Targets
      var task_type: String? = "CAUSAL_LM"
      var base_model_name_or_path: String?
      var bias: String? = "none"
      var lora_dropout: Double? = 0
      var fan_in_fan_out: Bool? = false
      var inference_mode: Bool? = true
      var init_lora_weights: Initial? = .on
      var use_rslora: Bool? = false
      var use_dora: Bool? = false
      var modules_to_save: [String]?
      var layers_to_transform: [Int]?
      var alora_invocation_tokens: [Int]?
      var rank_pattern: [String: Int]? = [:]
      var alpha_pattern: [String: Double]? = [:]

      /// A list of names, or one name for all.
      enum Targets: Codable {
        case names([String])
        case pattern(String)

        init(from decoder: any Decoder) throws {
          let container = try decoder.singleValueContainer()
          if let names = try? container.decode([String].self) {
            self = .names(names)
          } else {
            self = .pattern(try container.decode(String.self))
          }
        }

        func encode(to encoder: any Encoder) throws {
          var container = encoder.singleValueContainer()
          switch self {
          case .names(let names): try container.encode(names)
          case .pattern(let pattern): try container.encode(pattern)
          }
        }
      }

      /// How it was begun, which no longer matters: `true`, or the name of a method.
      enum Initial: Codable {
        case on
        init(from decoder: any Decoder) throws { self = .on }
        func encode(to encoder: any Encoder) throws {
          var container = encoder.singleValueContainer()
          try container.encode(true)
        }
      }
    }

    /// Reads the adapter for a model.
    ///
    /// - Throws: `ModelError` where it is none, does more than plain LoRA on linear layers, or does not fit the model.
    @TensorActor
    public func read(for model: ModelConfiguration) throws -> AdapterWeights {
      let configuration = try configuration()
      let file = try SafetensorsFile(contentsOf: "\(path)/\(Self.weightsName)")
      var tensors: [Tensor<Float>] = []
      for (place, name) in AdapterWeights.names(configuration, layers: model.layers).enumerated() {
        let target = configuration.targets[place / 2 % configuration.targets.count]
        let shape = target.shape(in: model)
        let expected = place % 2 == 0 ? [configuration.rank, shape[1]] : [shape[0], configuration.rank]
        guard let found = file.shape(of: name) else { throw problem("has no tensor \(name)") }
        guard found == expected else {
          throw problem("has \(name) of shape \(found), where the model wants \(expected)")
        }
        tensors.append(try Tensor(file.floats(of: name), shape: expected))
      }
      if file.names.count != tensors.count {
        let known = Set(AdapterWeights.names(configuration, layers: model.layers))
        let stranger = file.names.first { !known.contains($0) } ?? ""
        throw problem("has a tensor \(stranger.debugDescription) that this model has no place for")
      }
      return AdapterWeights(configuration, tensors: tensors)
    }

    public func configuration() throws -> AdapterConfiguration {
      let file = "\(path)/\(Self.configurationName)"
      guard let data = FileManager.default.contents(atPath: file) else {
        throw ModelError("There is no adapter in \(path): it has no \(Self.configurationName).")
      }
      let peft: PEFT
      do { peft = try JSONDecoder().decode(PEFT.self, from: data) } catch {
        throw problem("has an \(Self.configurationName) that is no LoRA configuration")
      }
      guard peft.peft_type == "LORA" else { throw problem("is of type \(peft.peft_type.debugDescription), not LORA") }
      guard (1...4096).contains(peft.r), peft.lora_alpha.isFinite else { throw problem("has a rank of \(peft.r)") }
      let unsupported: [(Bool, String)] = [
        (peft.use_dora ?? false, "use_dora"), ((peft.bias ?? "none") != "none", "bias"),
        (!(peft.modules_to_save ?? []).isEmpty, "modules_to_save"),
        (!(peft.layers_to_transform ?? []).isEmpty, "layers_to_transform"),
        // Applies from its own tokens on only.
        (!(peft.alora_invocation_tokens ?? []).isEmpty, "alora_invocation_tokens"),
        (!(peft.rank_pattern ?? [:]).isEmpty, "rank_pattern"), (!(peft.alpha_pattern ?? [:]).isEmpty, "alpha_pattern"),
        (peft.fan_in_fan_out ?? false, "fan_in_fan_out"),
      ]
      if let (_, name) = unsupported.first(where: \.0) { throw problem("uses \(name), which is not supported") }
      let targets: [Projection]
      switch peft.target_modules {
      case .pattern("all-linear"): targets = Projection.allCases
      case .pattern(let pattern): throw problem("names its targets by the pattern \(pattern.debugDescription)")
      case .names(let names):
        targets = try names.map { name in
          guard let target = Projection(rawValue: name.split(separator: ".").last.map(String.init) ?? name) else {
            throw problem("has the target \(name.debugDescription), which is none of a layer's projections")
          }
          return target
        }
      }
      // Rank-stabilised LoRA scales by α/√rank.
      let alpha = peft.use_rslora == true ? peft.lora_alpha * Double(peft.r).squareRoot() : peft.lora_alpha
      return AdapterConfiguration(rank: peft.r, alpha: alpha, targets: targets)
    }

    /// Writes the folder anew, file by file; each is the old one or the new one.
    @TensorActor
    public func write(_ adapter: AdapterWeights, layers: Int, base: String) throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let names = AdapterWeights.names(adapter.configuration, layers: layers)
      try SafetensorsFile.write(
        zip(names, adapter.tensors).map { ($0, $1.shape, try $1.values()) }, metadata: ["format": "pt"],
        to: "\(path)/\(Self.weightsName)")
      let peft = PEFT(
        peft_type: "LORA", r: adapter.configuration.rank, lora_alpha: adapter.configuration.alpha,
        target_modules: .names(adapter.configuration.targets.map(\.rawValue)), base_model_name_or_path: base)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(peft).write(to: URL(fileURLWithPath: "\(path)/\(Self.configurationName)"), options: .atomic)
    }

    /// A digest of the weights, in a few letters.
    func digest() throws -> String {
      guard let data = FileManager.default.contents(atPath: "\(path)/\(Self.weightsName)") else {
        throw ModelError("There is no adapter in \(path): it has no \(Self.weightsName).")
      }
      var digest = Digest()
      let configuration = FileManager.default.contents(atPath: "\(path)/\(Self.configurationName)") ?? Data()
      digest.add(data.base64EncodedString(), configuration.base64EncodedString())
      return String(digest.text.prefix(8))
    }

    private func problem(_ what: String) -> ModelError { ModelError("The adapter \(path) \(what).") }
  }
#endif
