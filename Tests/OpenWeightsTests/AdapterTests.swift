import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Tensors in memory that act as a file of weights.
struct Weights: WeightFile {
  private let tensors: [String: (shape: [Int], values: [Float])]

  init(_ tensors: [(name: String, shape: [Int], values: [Float])]) {
    self.tensors = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, ($0.shape, $0.values)) })
  }

  var names: [String] { tensors.keys.sorted() }
  func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  func floats(of name: String) throws(ModelFileError) -> [Float] {
    guard let found = tensors[name] else { throw ModelFileError(.inconsistent, "memory", "There is no \(name).") }
    return found.values
  }
}

@Suite(.modelsInProcess) struct AdapterTests {
  static let configuration = AdapterConfiguration(rank: 4, alpha: 6, targets: [.value, .query, .down])

  @TensorActor @Test func aFreshOneChangesNothing() throws {
    let tiny = try TinyModel.shared()
    let text = TinyModel.text(12, seed: 1)
    let fresh = try AdapterWeights(Self.configuration, for: tiny.files.configuration, seed: Seed(1))
    #expect(try tiny.logits(text, adapter: fresh) == tiny.logits(text))
    for (place, tensor) in fresh.tensors.enumerated() {
      let values = try tensor.values()
      let bound = 1 / Float(tensor.shape[1]).squareRoot()
      if place % 2 == 1 {
        #expect(values.allSatisfy { $0 == 0 })
      } else {
        #expect(values.allSatisfy { abs($0) <= bound } && (values.map(abs).max() ?? 0) > 0.9 * bound)
        #expect(abs(values.reduce(0, +) / Float(values.count)) < bound / 4)
      }
    }
    #expect(throws: ModelError.self) {
      try AdapterWeights(AdapterConfiguration(rank: 0), for: tiny.files.configuration, seed: Seed(1))
    }
  }

  @TensorActor @Test(arguments: [("llama", true), ("llama", false), ("qwen2", false), ("qwen3", true)])
  func mergingIsBaseAndAdapter(type: String, tied: Bool) throws {
    let tiny = try TinyModel.make(changes: ["model_type": type, "tie_word_embeddings": tied])
    let adapter = try TinyModel.adapter(for: tiny)
    let text = TinyModel.text(30, seed: 2)
    let merged = tiny.files.configuration
    let model = try LanguageModel(merged, weights: Weights(adapter.merged(into: tiny.files.weights, of: merged)))
    let hidden = try model.hiddenStates(text, attending: .segments([Segment(30)]))
    let adapted = try tiny.logits(text, adapter: adapter).flatMap { $0 }
    expectClose(try model.logits(hidden).values(), adapted, 1e-4)
    #expect(zip(adapted, try tiny.logits(text).flatMap { $0 }).contains { abs($0 - $1) > 0.1 })
  }

  /// PEFT's own names, shapes and keys (docs of PEFT 0.17 and 0.21: `adapter_config.json`, checkpoint format).
  @TensorActor @Test func theFolderIsPEFTs() async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(Self.configuration, for: tiny)
    try await Places.withFolder { folder in
      try AdapterFolder(folder.path).write(adapter, base: "somebody/model")
      let json = try #require(
        JSONSerialization.jsonObject(with: Data(contentsOf: folder.appendingPathComponent("adapter_config.json")))
          as? [String: Any])
      #expect(json["peft_type"] as? String == "LORA" && json["task_type"] as? String == "CAUSAL_LM")
      #expect(json["r"] as? Int == 4 && json["lora_alpha"] as? Double == 6)
      #expect(json["target_modules"] as? [String] == ["q_proj", "v_proj", "down_proj"])
      #expect(json["base_model_name_or_path"] as? String == "somebody/model" && json["bias"] as? String == "none")
      #expect(json["use_rslora"] as? Bool == false && json["use_dora"] as? Bool == false)
      #expect(json["fan_in_fan_out"] as? Bool == false && json["lora_dropout"] as? Double == 0)
      let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("adapter_model.safetensors").path)
      var expected: [String: [Int]] = [:]
      for layer in 0..<2 {
        let prefix = "base_model.model.model.layers.\(layer)."
        for (name, inputs, outputs) in [
          ("self_attn.q_proj", 32, 32), ("self_attn.v_proj", 32, 16), ("mlp.down_proj", 48, 32),
        ] {
          expected["\(prefix)\(name).lora_A.weight"] = [4, inputs]
          expected["\(prefix)\(name).lora_B.weight"] = [outputs, 4]
        }
      }
      #expect(Dictionary(uniqueKeysWithValues: file.names.map { ($0, file.shape(of: $0) ?? []) }) == expected)
      #expect(file.metadata["format"] == "pt")
      let back = try AdapterFolder(folder.path).read(for: tiny.files.configuration)
      #expect(back.places == Self.configuration.places(layers: 2))
      #expect(try back.identity() == adapter.identity())
      try AdapterFolder(folder.path).write(back, base: "somebody/model")
    }
  }

  /// A folder in PEFT's format, with PEFT's additional keys and scaling by α/√rank.
  @TensorActor @Test func whatPEFTWritesIsRead() async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(Self.configuration, for: tiny)
    let text = TinyModel.text(9, seed: 3)
    try await Places.withFolder { folder in
      try AdapterFolder(folder.path).write(adapter, base: "base")
      let peft = """
        {"alora_invocation_tokens": null, "alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "x",
        "bias": "none", "corda_config": null, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false,
        "inference_mode": true, "init_lora_weights": "gaussian", "layer_replication": null, "layers_pattern": null,
        "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 3, "lora_bias": false, "lora_dropout": 0.05,
        "megatron_config": null, "megatron_core": "megatron.core", "modules_to_save": null, "peft_type": "LORA",
        "qalora_group_size": 16, "r": 4, "rank_pattern": {}, "revision": null, "target_parameters": null,
        "target_modules": ["v_proj", "down_proj", "q_proj"], "task_type": "CAUSAL_LM",
        "trainable_token_indices": null, "use_dora": false, "use_qalora": false, "use_rslora": true}
        """
      try Data(peft.utf8).write(to: folder.appendingPathComponent("adapter_config.json"))
      let read = try AdapterFolder(folder.path).read(for: tiny.files.configuration)
      // 3/√4 = 6/4, so this is the same adapter.
      #expect(read.places == Self.configuration.places(layers: 2))
      #expect(try tiny.logits(text, adapter: read) == tiny.logits(text, adapter: adapter))
    }
  }

  @TensorActor
  @Test(arguments: [
    (#""peft_type":"LORA""#, #""peft_type":"IA3""#), (#""r":4"#, #""r":0"#), (#""r":4"#, #""r":5"#),
    (#""r":4"#, #""r":-1"#),
    (#""r":4"#, #""r":"four""#), (#""r":4"#, #""r":99999999999999999999"#),
    (#""lora_alpha":6"#, #""lora_alpha":1e999"#),
    (#""use_dora":false"#, #""use_dora":true"#), (#""bias":"none""#, #""bias":"all""#),
    (#""fan_in_fan_out":false"#, #""fan_in_fan_out":true"#),
    (#""alpha_pattern":{}"#, #""alpha_pattern":{"q_proj":2,".*proj":3}"#),
    (#""alpha_pattern":{}"#, #""alpha_pattern":{"(?=q)":2}"#), (#""alpha_pattern":{}"#, #""alpha_pattern":{"(q":2}"#),
    (#""peft_type":"LORA""#, #""peft_type":"LORA","modules_to_save":["lm_head"]"#),
    (#""layers_to_transform":[0,1]"#, #""layers_to_transform":[0,2]"#),
    (#""peft_type":"LORA""#, #""peft_type":"LORA","lora_bias":true"#),
    (#""peft_type":"LORA""#, #""peft_type":"LORA","target_parameters":["experts"]"#),
    (#""peft_type":"LORA""#, #""peft_type":"LORA","trainable_token_indices":[1]"#),
    (#""peft_type":"LORA""#, #""peft_type":"LORA","alora_invocation_tokens":[1,2]"#),
    (#"["q_proj","v_proj","down_proj"]"#, #""all-linear""#),
    (#"["q_proj","v_proj","down_proj"]"#, #"["q_proj","v_proj","up_proj"]"#),
    (#"["q_proj","v_proj","down_proj"]"#, #"["q_proj","v_proj","lm_head"]"#), (#"{"#, "[{"), ("}", ""),
  ])
  func anotherConfigurationIsRefused(old: String, new: String) async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(Self.configuration, for: tiny)
    try await Places.withFolder { folder in
      let path = folder.appendingPathComponent("adapter_config.json")
      try AdapterFolder(folder.path).write(adapter, base: "base")
      let text = try String(contentsOf: path, encoding: .utf8).filter { !$0.isWhitespace }
      #expect(text.contains(old))
      try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: path)
      let error = #expect(throws: ModelError.self) {
        try AdapterFolder(folder.path).read(for: tiny.files.configuration)
      }
      #expect(error?.description.contains(folder.path) == true)
    }
  }

  /// A method that moves part of the model into the adapter is refused, since it changes the base model.
  @TensorActor
  @Test(arguments: [
    ("pissa", false), ("pissa_niter_16", false), ("olora", false), ("OLoRA", false), ("loftq", false),
    ("corda", false),
    ("lora_ga", false), ("mica", false), ("tomorrow", false), ("gaussian", true), ("eva", true), ("orthogonal", true),
  ])
  func onlyWhatKeepsTheModelIsTaken(method: String, isTaken: Bool) async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(Self.configuration, for: tiny)
    try await Places.withFolder { folder in
      try AdapterFolder(folder.path).write(adapter, base: "base")
      let path = folder.appendingPathComponent("adapter_config.json")
      let text = try String(contentsOf: path, encoding: .utf8).filter { !$0.isWhitespace }
      try Data(text.replacing(#""init_lora_weights":true"#, with: #""init_lora_weights":"\#(method)""#).utf8).write(
        to: path)
      if isTaken {
        #expect(try AdapterFolder(folder.path).read(for: tiny.files.configuration).identity() == adapter.identity())
      } else {
        let error = #expect(throws: ModelError.self) {
          try AdapterFolder(folder.path).read(for: tiny.files.configuration)
        }
        #expect(error?.description.contains(method) == true)
        #expect(error?.description.contains("path_initial_model_for_weight_conversion") == true)
      }
    }
  }

  /// Layers may differ in adapted projections, rank and α. The adapter is written and read again.
  @TensorActor @Test func placesMayDiffer() async throws {
    let tiny = try TinyModel.shared()
    let places = [
      AdapterPlace(layer: 0, projection: .query, rank: 2, alpha: 4),
      AdapterPlace(layer: 0, projection: .up, rank: 3, alpha: 4),
      AdapterPlace(layer: 1, projection: .query, rank: 2, alpha: 1),
    ]
    var generator = Seed(3).generator()
    let tensors = try places.flatMap { $0.shapes(in: tiny.files.configuration) }.map { shape in
      try Tensor((0..<shape[0] * shape[1]).map { _ in Float(generator.normal()) * 0.3 }, shape: shape)
    }
    let adapter = AdapterWeights(places, tensors: tensors)
    #expect(
      adapter.layer(0).places.count == 2 && adapter.layer(1).places.count == 1 && adapter.layer(2).places.isEmpty)
    let text = TinyModel.text(9, seed: 3)
    try await Places.withFolder { folder in
      try AdapterFolder(folder.path).write(adapter, base: "base")
      let back = try AdapterFolder(folder.path).read(for: tiny.files.configuration)
      #expect(back.places == places)
      #expect(try tiny.logits(text, adapter: back) == tiny.logits(text, adapter: adapter))
      let merged = try LanguageModel(
        tiny.files.configuration,
        weights: Weights(back.merged(into: tiny.files.weights, of: tiny.files.configuration)))
      let hidden = try merged.hiddenStates(text, attending: .segments([Segment(9)]))
      expectClose(try merged.logits(hidden).values(), try tiny.logits(text, adapter: back).flatMap { $0 }, 1e-4)
    }
  }

  @Test(arguments: [
    ("q_proj", "q_proj", true), ("q_proj", "k_proj", false),
    (#"(.*\.)?(q_proj)"#, "model.layers.1.self_attn.q_proj", true),
    (#".*\.layers\.[0-3]\.self_attn\.(q|v)_proj"#, "model.layers.2.self_attn.v_proj", true),
    (#".*\.layers\.[0-3]\.self_attn\.(q|v)_proj"#, "model.layers.4.self_attn.v_proj", false),
    (#"^model\.layers\.\d+\.mlp.*$"#, "model.layers.12.mlp.up_proj", true), ("a{2,3}b?", "aaa", true),
    ("a{2,3}b?", "a", false), ("a{2}", "aaa", false), ("[^q].*", "q_proj", false), ("(?:a|b)+?c", "abac", true),
    ("", "", true),
    ("(a*)*b", String(repeating: "a", count: 60), false),
    ("(a|a)*(a|a)*(a|a)*b", String(repeating: "a", count: 60), false),
  ])
  func patternsOfNames(pattern: String, name: String, matches: Bool) throws {
    #expect(try NamePattern(pattern).matches(name) == matches)
  }

  @Test(arguments: ["(a", "a)", "[a", "*a", "(?=a)", "(?P<n>a)", #"\b"#, "a{x}", "a{3,2}", "a{99999}", #"a\"#])
  func patternsThatAreNotSupported(pattern: String) {
    #expect(throws: ModelError.self) { try NamePattern(pattern) }
  }

  @TensorActor @Test func anotherSetOfTensorsIsRefused() async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(Self.configuration, for: tiny)
    let whole = try zip(adapter.names, adapter.tensors).map { (name: $0, shape: $1.shape, values: try $1.values()) }
    var (turned, extra, biased) = (whole, whole, whole)
    turned[0].shape = turned[0].shape.reversed()
    extra.append(("base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight", [1], [0]))
    biased.append(("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector", [1], [0]))
    // The last three cases lack a whole layer, one matrix, or everything.
    for tensors in [turned, extra, biased, Array(whole.dropLast(6)), Array(whole.dropLast()), []] {
      try await Places.withFolder { folder in
        try AdapterFolder(folder.path).write(adapter, base: "base")
        let path = folder.appendingPathComponent("adapter_model.safetensors").path
        try SafetensorsFile.write(tensors, metadata: [:], to: path)
        #expect(throws: ModelError.self) {
          try AdapterFolder(folder.path).read(for: tiny.files.configuration)
        }
        try Data("no tensors".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: ModelFileError.self) {
          try AdapterFolder(folder.path).read(for: tiny.files.configuration)
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: ModelFileError.self) {
          try AdapterFolder(folder.path).read(for: tiny.files.configuration)
        }
        try FileManager.default.removeItem(atPath: folder.appendingPathComponent("adapter_config.json").path)
        #expect(throws: ModelError.self) {
          try AdapterFolder(folder.path).read(for: tiny.files.configuration)
        }
      }
    }
  }
}
