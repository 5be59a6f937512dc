import Agents
import Foundation
import Testing

@testable import ModelFiles
@testable import OpenWeights
@testable import Tensors

/// A random model of 2 layers as a Hugging Face folder. It is small enough to be enumerated.
enum TinyModel {
  /// The shared model for tests that do not change it.
  @TensorActor private static var made: LoadedModel?

  @TensorActor static func shared() throws -> LoadedModel {
    if let made { return made }
    let model = try make()
    made = model
    return model
  }

  static let letters = (97...122).map { String(UnicodeScalar($0)) }
  /// The merges, which give the symbols of more than one letter.
  static let merges = [
    ("l", "e"), ("f", "t"), ("le", "ft"), ("r", "i"), ("g", "h"), ("ri", "gh"), ("righ", "t"), ("Ġ", "l"),
    ("Ġ", "r"), ("u", "p"), ("n", "o"), ("t", "h"), ("a", "b"),
  ]
  static let symbols =
    letters + ["Ġ", "Ċ"] + "0123456789".map { String($0) } + [".", ",", ":", "?", "-", "'", "T", "S", "R", "A", "N"]
    + merges.map { $0.0 + $0.1 }
  static let start: Int32 = 62
  static let end: Int32 = 63
  static let vocabulary = 64

  static var tokenizer: String {
    let vocabulary = symbols.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
    let merges = merges.map { "[\"\($0.0)\",\"\($0.1)\"]" }.joined(separator: ",")
    let added = [(62, "<|im_start|>"), (63, "<|im_end|>")].map {
      "{\"id\":\($0.0),\"content\":\"\($0.1)\",\"special\":true,\"normalized\":false}"
    }
    return """
      {"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
      "added_tokens":[\(added.joined(separator: ","))],
      "model":{"type":"BPE","vocab":{\(vocabulary)},"merges":[\(merges)]}}
      """
  }

  static let template =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\\\n' + message['content'] + '<|im_end|>' + "
    + "'\\\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\\\n' }}{% endif %}"

  /// - Parameters:
  ///   - spread: The spread of the weights. A larger spread gives sharper distributions.
  ///   - changes: Changes to config.json.
  static func write(
    to folder: URL, seed: UInt64 = 1, spread: Float = 0.3, changes: [String: Any] = [:]
  ) throws {
    var config: [String: Any] = [
      "model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 48,
      "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "vocab_size": vocabulary,
      "max_position_embeddings": 4096, "rope_theta": 10000.0, "tie_word_embeddings": false, "hidden_act": "silu",
      "eos_token_id": 63,
    ]
    config.merge(changes) { $1 }
    try JSONSerialization.data(withJSONObject: config).write(to: folder.appendingPathComponent("config.json"))
    try Data(tokenizer.utf8).write(to: folder.appendingPathComponent("tokenizer.json"))
    try Data("{\"chat_template\":\"\(template)\"}".utf8).write(
      to: folder.appendingPathComponent("tokenizer_config.json"))
    let tokenizer = try Tokenizer(contentsOf: folder.appendingPathComponent("tokenizer.json").path)
    let configuration = try ModelConfiguration(folder: folder.path, tokenizer: tokenizer)
    var generator = Seed(seed).generator()
    try SafetensorsFile.write(
      configuration.expectedShapes.sorted { $0.key < $1.key }.map { name, shape in
        let isNorm = name.hasSuffix("norm.weight")
        return (
          name, shape,
          (0..<shape.reduce(1, *)).map { _ in (isNorm ? 1 : 0) + spread * Float(generator.normal()) }
        )
      }, metadata: [:], to: folder.appendingPathComponent("model.safetensors").path)
  }

  @TensorActor
  static func make(seed: UInt64 = 1, spread: Float = 0.3, changes: [String: Any] = [:]) throws -> LoadedModel {
    Engine.setThreads(1)
    let folder = try Places.folder()
    // By then the weights are in memory and the files are mapped.
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(to: folder, seed: seed, spread: spread, changes: changes)
    return try LoadedModel.open(folder.path).with(nil, named: "tiny")
  }

  /// An adapter that changes the logits.
  @TensorActor
  static func adapter(
    _ configuration: AdapterConfiguration = AdapterConfiguration(rank: 4, alpha: 8, targets: Projection.allCases),
    for model: LoadedModel, seed: UInt64 = 5, spread: Float = 0.2
  ) throws -> AdapterWeights {
    let fresh = try AdapterWeights(configuration, for: model.files.configuration, seed: Seed(seed))
    var generator = Seed(seed).split("B").generator()
    return fresh.replacing(
      try fresh.tensors.map { tensor in
        try Tensor((0..<tensor.count).map { _ in spread * Float(generator.normal()) }, shape: tensor.shape)
      })
  }

  /// Random tokens.
  static func text(_ count: Int, seed: UInt64) -> [Int32] {
    var generator = Seed(seed).split("text").generator()
    return (0..<count).map { _ in Int32(generator.number(below: 62)) }
  }
}

extension SplitMix64 {
  /// A standard normal number (Box and Muller).
  mutating func normal() -> Double {
    (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
  }
}

extension LoadedModel {
  /// The logits after every token of a text, computed without a cache.
  @TensorActor
  func logits(_ tokens: [Int32], adapter: AdapterWeights? = nil) throws -> [[Float]] {
    let hidden = try model.hiddenStates(tokens, attending: .segments([Segment(tokens.count)]), adapter: adapter)
    let values = try model.logits(hidden).values()
    let width = model.configuration.vocabulary
    return tokens.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
  }
}

/// log softmax(logits / temperature) over the allowed tokens, in doubles.
func logProbabilities(
  _ logits: [Float], temperature: Double = 1, allowed: [Int32] = []
) -> [Int32: Double] {
  let tokens = allowed.isEmpty ? logits.indices.map(Int32.init) : allowed
  let scaled = tokens.map { Double(logits[Int($0)]) / temperature }
  let top = scaled.max() ?? 0
  let sum = top + log(scaled.reduce(0) { $0 + exp($1 - top) })
  return Dictionary(uniqueKeysWithValues: zip(tokens, scaled.map { $0 - sum }))
}

func expectClose(
  _ found: [Float], _ expected: [Float], _ tolerance: Float, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let differences = zip(found, expected).map { abs($0 - $1) }
  #expect(
    differences.allSatisfy { $0 <= tolerance }, "\(what): off by \(differences.max() ?? 0)",
    sourceLocation: sourceLocation)
}
