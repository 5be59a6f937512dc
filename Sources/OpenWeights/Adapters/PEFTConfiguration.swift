import Foundation
import ModelFiles

/// The fields of `adapter_config.json` that decide how an adapter works. The written form is the one that PEFT 0.17
/// reads.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct PEFTConfiguration: Codable {
  var peft_type: String
  var r: Int
  var lora_alpha: Double
  var target_modules: Targets?
  var task_type: String? = "CAUSAL_LM"
  var base_model_name_or_path: String?
  var bias: String? = "none"
  var lora_dropout: Double? = 0
  var fan_in_fan_out: Bool? = false
  var inference_mode: Bool? = true
  var init_lora_weights: Initial? = .standard
  var use_rslora: Bool? = false
  var use_dora: Bool? = false
  var use_qalora: Bool?
  var lora_bias: Bool?
  var use_bdlora: Present?
  var arrow_config: Present?
  var kasa_config: Present?
  var monteclora_config: Present?
  var velora_config: Present?
  var modules_to_save: [String]?
  var layers_to_transform: Layers?
  var alora_invocation_tokens: [Int]?
  var trainable_token_indices: Filled?
  var target_parameters: [String]?
  var layer_replication: [[Int]]?
  var rank_pattern: [String: Int]? = [:]
  var alpha_pattern: [String: Double]? = [:]

  /// Settings of a LoRA variant. Only their presence matters.
  struct Present: Codable {
    init(from decoder: any Decoder) throws {}
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    }
  }

  /// A list of names, or one pattern.
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

  /// One layer's number, or a list of them.
  struct Layers: Codable {
    var numbers: [Int]

    init(numbers: [Int]) { self.numbers = numbers }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      numbers = try (try? container.decode([Int].self)) ?? [container.decode(Int.self)]
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(numbers)
    }
  }

  /// A list or an object. Only whether it is empty matters.
  struct Filled: Codable {
    var isEmpty: Bool

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      isEmpty =
        try (try? container.decode([Int].self).isEmpty) ?? container.decode([String: [Int]].self).values.isEmpty
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    }
  }

  /// How the matrices were initialised: `true`, `false`, or the name of a method.
  enum Initial: Codable {
    case standard
    case named(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      self = (try? container.decode(Bool.self)) != nil ? .standard : .named(try container.decode(String.self))
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .standard: try container.encode(true)
      case .named(let name): try container.encode(name)
      }
    }

    /// Methods that leave the model's own weights unchanged (PEFT 0.21, `tuners/lora/layer.py`). The others move a
    /// part of the weights into the adapter, which then fits only the changed model.
    private static let preserving: Set<String> = ["gaussian", "eva", "orthogonal"]

    /// The method, if the adapter does not fit the unchanged model.
    var changing: String? {
      guard case .named(let name) = self, !Self.preserving.contains(name.lowercased()) else { return nil }
      return name
    }
  }

  /// The features beyond low-rank additions to linear layers; nil if there are none.
  var unsupported: String? {
    let found: [(Bool, String)] = [
      (use_dora ?? false, "use_dora"), (use_qalora ?? false, "use_qalora"), (lora_bias ?? false, "lora_bias"),
      ((bias ?? "none") != "none", "bias"), (!(modules_to_save ?? []).isEmpty, "modules_to_save"),
      // The adapter is active only from its invocation tokens on.
      (!(alora_invocation_tokens ?? []).isEmpty, "alora_invocation_tokens"),
      (!(trainable_token_indices?.isEmpty ?? true), "trainable_token_indices"),
      (!(target_parameters ?? []).isEmpty, "target_parameters"),
      (use_bdlora != nil, "use_bdlora"), (arrow_config != nil, "arrow_config"), (kasa_config != nil, "kasa_config"),
      (monteclora_config != nil, "monteclora_config"), (velora_config != nil, "velora_config"),
      (!(layer_replication ?? []).isEmpty, "layer_replication"), (fan_in_fan_out ?? false, "fan_in_fan_out"),
    ]
    return found.first(where: \.0)?.1
  }

  /// α of a module, from the matching pattern if there is one. Rank-stabilised LoRA scales by α/√rank.
  func alpha(of module: String, rank: Int) throws(ModelError) -> Double {
    var alpha = lora_alpha
    var matched: [String: Double] = [:]
    for (pattern, value) in alpha_pattern ?? [:]
    where try NamePattern("(.*\\.)?(\(pattern))").matches(module) { matched[pattern] = value }
    if Set(matched.values).count > 1 {
      throw ModelError("alpha_pattern has several values for \(module): \(matched.keys.sorted())")
    }
    alpha = matched.values.first ?? alpha
    return use_rslora == true ? alpha * Double(rank).squareRoot() : alpha
  }
}
