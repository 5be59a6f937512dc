import Foundation
import Testing

@testable import ModelFiles

@Suite struct ConfigurationTests {
  static let llama: [String: String] = [
    "model_type": "\"llama\"", "hidden_size": "32", "num_attention_heads": "4", "num_key_value_heads": "2",
    "num_hidden_layers": "2", "intermediate_size": "64", "vocab_size": "302", "max_position_embeddings": "128",
    "rms_norm_eps": "1e-05", "rope_theta": "100000.0", "tie_word_embeddings": "true", "eos_token_id": "[300, 2]",
    "bos_token_id": "1", "hidden_act": "\"silu\"", "rope_scaling": "null",
  ]

  static func object(_ members: [String: String]) -> String {
    "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
  }

  static func read(
    _ changes: [String: String?] = [:], other: [String: String] = [:]
  ) throws -> ModelConfiguration {
    try Places.withFolder { folder in
      var members = llama
      for (key, value) in changes { members[key] = value }
      var files = ["config.json": object(members)]
      files.merge(other) { $1 }
      for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
      return try ModelConfiguration(folder: folder.path, tokenizer: SmallTokenizer().tokenizer())
    }
  }

  @Test func aFolderIsRead() throws {
    let configuration = try Self.read()
    #expect(
      configuration.architecture == .llama && configuration.headDimension == 8 && configuration.normEpsilon == 1e-5)
    #expect(configuration.beginToken == 1 && !configuration.addsBeginToken && configuration.endTokens == [300, 2])
    #expect(configuration.ropeScaling == nil && configuration.tiedEmbeddings && !configuration.attentionBias)
    let qwen = try Self.read([
      "model_type": "\"qwen3\"", "head_dim": "16", "use_sliding_window": "false", "sliding_window": "8",
    ])
    #expect(qwen.queryKeyNorm && qwen.headDimension == 16 && !qwen.attentionBias)
    #expect(try Self.read(["model_type": "\"qwen2\""]).attentionBias)
    let text = try JSONEncoder().encode(qwen)
    #expect(try JSONDecoder().decode(ModelConfiguration.self, from: text) == qwen)
    let damaged = String(decoding: text, as: UTF8.self).replacingOccurrences(of: "\"heads\":4", with: "\"heads\":0")
    #expect(throws: ModelFileError.self) { try JSONDecoder().decode(ModelConfiguration.self, from: Data(damaged.utf8)) }
  }

  @Test func otherFilesSayWhatBeginsAndEnds() throws {
    let configuration = try Self.read(
      ["eos_token_id": "3", "bos_token_id": "null"],
      other: [
        "generation_config.json": #"{"eos_token_id": [4, 3], "bos_token_id": 5}"#,
        "tokenizer_config.json":
          #"{"bos_token": {"content": "<tool>"}, "eos_token": "<|end|>", "add_bos_token": true}"#,
      ])
    #expect(configuration.endTokens == [3, 4, 300] && configuration.beginToken == 301 && configuration.addsBeginToken)
  }

  @Test func scaledPositionsAreRead() throws {
    let rule =
      #"{"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}"#
    let expected = ModelConfiguration.RoPEScaling.llama3(factor: 32, low: 1, high: 4, originalPositions: 8192)
    #expect(try Self.read(["rope_scaling": rule]).ropeScaling == expected)
    // The format of transformers 5.
    let newer = rule.replacingOccurrences(of: "\"factor\"", with: "\"rope_theta\": 500000.0, \"factor\"")
    let read = try Self.read(["rope_parameters": newer, "rope_theta": nil])
    #expect(read.ropeScaling == expected && read.ropeBase == 500_000)
    #expect(try Self.read(["rope_scaling": #"{"type": "linear", "factor": 2}"#]).ropeScaling == .linear(factor: 2))
    for wrong in [
      #"{"type": "yarn", "factor": 2}"#, #"{"type": "linear"}"#, #"{"type": "linear", "factor": -1}"#, #"{"type": 3}"#,
    ] {
      #expect(throws: ModelFileError.self) { try Self.read(["rope_scaling": wrong]) }
    }
  }

  /// GGUF stores only the resulting factors of Llama 3's rule. The rule is recovered from them.
  @Test(arguments: [(32.0, 1.0, 4.0, 8192, 64), (8, 1, 4, 8192, 128), (8, 2, 8, 8192, 128)])
  func llama3sRuleIsFoundInItsFactors(factor: Double, low: Double, high: Double, positions: Int, dimension: Int) throws
  {
    let base = 500_000.0
    let factors = (0..<dimension / 2).map { index in
      let wavelength = 2 * Double.pi * pow(base, Double(2 * index) / Double(dimension))
      if wavelength < Double(positions) / high { return Float(1) }
      if wavelength > Double(positions) / low { return Float(factor) }
      let smooth = (Double(positions) / wavelength - low) / (high - low)
      return Float(1 / ((1 - smooth) / factor + smooth))
    }
    // A rule with low = 2 is equivalent to one with low = 1.
    let expected = ModelConfiguration.RoPEScaling.llama3(
      factor: factor, low: 1, high: high / low, originalPositions: positions / Int(low))
    #expect(ModelConfiguration.RoPEScaling(factors: factors, base: base) == expected)
    #expect(ModelConfiguration.RoPEScaling(factors: factors.reversed(), base: base) == nil)
    #expect(ModelConfiguration.RoPEScaling(factors: [1, 2, .nan, .infinity, 0], base: base) == nil)
  }

  @Test(
    arguments: [
      ("hidden_size", "0"), ("hidden_size", "-32"), ("hidden_size", "1e300"), ("hidden_size", "\"32\""),
      ("hidden_size", nil),
      ("hidden_size", "33"), ("num_attention_heads", "0"), ("num_attention_heads", "9223372036854775807"),
      ("num_key_value_heads", "3"), ("num_key_value_heads", "[2,2]"), ("head_dim", "7"), ("head_dim", "0"),
      ("num_hidden_layers", "100000"), ("intermediate_size", "1.5"), ("vocab_size", "99999999999"),
      ("vocab_size", "-1"),
      ("max_position_embeddings", "0"), ("rms_norm_eps", "-1"), ("rms_norm_eps", "7"), ("rope_theta", "0"),
      ("rope_theta", "\"x\""), ("eos_token_id", "302"), ("eos_token_id", "-1"), ("eos_token_id", "[\"a\"]"),
      ("model_type", "\"gpt2\""), ("model_type", "3"), ("model_type", nil), ("hidden_act", "\"gelu\""),
      ("mlp_bias", "true"), ("tie_word_embeddings", "1"), ("quantization_config", "{}"), ("sliding_window", "64"),
      ("layer_types", "[\"sliding_attention\"]"), ("partial_rotary_factor", "0.5"),
      ("rope_scaling", "{\"type\":\"dynamic\"}"),
    ] as [(String, String?)])
  func wrongValuesAreErrors(key: String, value: String?) {
    #expect(throws: ModelFileError.self) { try Self.read([key: value]) }
  }

  @Test func aGGUFIsReadAsItsFolderWouldBe() throws {
    let model = try SmallModel().open()
    #expect(model.configuration.endTokens == [301] && model.configuration.ropeBase == 100_000)
    #expect(model.configuration.normEpsilon == 1e-5 && model.configuration.headDimension == 8)
    #expect(model.weights.names.sorted() == model.configuration.expectedShapes.keys.sorted())
    #expect(model.chatTemplate != nil && model.chatTemplateError == nil)
    #expect(try SmallModel(architecture: "qwen2", pre: "qwen2").open().configuration.attentionBias)
    #expect(try SmallModel(architecture: "qwen3", pre: "qwen2").open().configuration.queryKeyNorm)
  }

  @Test(
    arguments: [
      ("general.architecture", .string("gemma")), ("general.architecture", nil), ("llama.block_count", .unsigned(3)),
      ("llama.block_count", .unsigned(1)), ("llama.embedding_length", .unsigned(64)),
      ("llama.embedding_length", .string("32")),
      ("llama.attention.head_count", .unsigned(3)), ("llama.attention.head_count", .unsigned(0)),
      ("llama.attention.head_count_kv", .unsigned(4)), ("llama.attention.head_count_kv", .array([.unsigned(2)])),
      ("llama.feed_forward_length", .signed(-1)), ("llama.context_length", .unsigned(.max)),
      ("llama.rope.dimension_count", .unsigned(4)), ("llama.rope.freq_base", .float32(.nan)),
      ("llama.rope.scaling.type", .string("yarn")), ("llama.expert_count", .unsigned(8)),
      ("llama.attention.layer_norm_rms_epsilon", .float32(.infinity)), ("llama.attention.value_length", .unsigned(4)),
      ("tokenizer.ggml.eos_token_id", .unsigned(302)), ("tokenizer.ggml.bos_token_id", .signed(-1)),
      ("tokenizer.ggml.model", .string("llama")), ("tokenizer.ggml.pre", .string("chameleon")),
      ("tokenizer.ggml.tokens", .array([.string("a"), .unsigned(1)])), ("tokenizer.ggml.tokens", nil),
      ("tokenizer.ggml.merges", .array([.string("h q")])), ("tokenizer.ggml.merges", .string("h e")),
      ("tokenizer.ggml.token_type", .array([.unsigned(1)])),
    ] as [(String, GGUFValue?)])
  func wrongMetadataAreErrors(key: String, value: GGUFValue?) {
    var model = SmallModel()
    model[key] = value
    #expect(throws: ModelFileError.self) { try model.open() }
  }

  @Test func tensorsMustBeThoseOfTheModel() {
    func refuse(_ message: String, _ change: (inout GGUFBuilder) -> Void) {
      var model = SmallModel()
      change(&model.builder)
      let error = #expect(throws: ModelFileError.self) { try model.open() }
      #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
    refuse("v_proj.weight is missing") { $0.tensors.removeAll { $0.name == "blk.1.attn_v.weight" } }
    refuse("should have [32]") { builder in
      builder.tensors.removeAll { $0.name == "output_norm.weight" }
      builder.add("output_norm.weight", [16], [Float](repeating: 1, count: 16))
    }
    refuse("o_proj.bias is missing") { $0.add("blk.0.attn_output.bias", [32], [Float](repeating: 1, count: 32)) }
    refuse("does not have") { $0.add("blk.0.ffn_gate_inp.weight", [1], [1]) }
  }

  @Test func anUnknownTemplateIsNoObstacle() throws {
    var model = SmallModel()
    model["tokenizer.chat_template"] = .string("{{ '<start_of_turn>' }}")
    let opened = try model.open()
    #expect(opened.chatTemplate == nil && opened.chatTemplateError?.message.contains("leaves out") == true)
    model["tokenizer.chat_template"] = nil
    #expect(try model.open().chatTemplateError == nil)
  }

  /// A whole folder that one side writes and the other opens.
  @Test func aFolderIsOpened() throws {
    let small = try GGUFWeights(SmallModel().builder.file())
    try Places.withFolder { folder in
      var tensors: [(name: String, shape: [Int], values: [Float])] = []
      for name in small.names {
        tensors.append((name, try #require(small.shape(of: name)), try small.floats(of: name)))
      }
      try SafetensorsFile.write(tensors, metadata: [:], to: folder.appendingPathComponent("model.safetensors").path)
      for (name, text) in [
        ("config.json", Self.object(Self.llama)), ("tokenizer.json", SmallTokenizer().json),
        (
          "tokenizer_config.json",
          #"{"chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}", "eos_token": "<|end|>"}"#
        ),
      ] { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
      let model = try OpenModel.open(folder.path)
      #expect(model.tokenizer.encode("hello") == [259] && model.chatTemplate != nil)
      #expect(try model.weights.floats(of: "model.norm.weight").count == 32)
      try FileManager.default.removeItem(at: folder.appendingPathComponent("tokenizer.json"))
      #expect(throws: ModelFileError.self) { try OpenModel.open(folder.path) }
    }
    #expect(throws: ModelFileError.self) { try OpenModel.open("/nowhere/at/all") }
    #expect(throws: ModelFileError.self) { try OpenModel.open("/dev/zero") }
  }
}
