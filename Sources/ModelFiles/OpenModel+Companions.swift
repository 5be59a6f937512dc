import Foundation

extension OpenModel {
  /// Writes the files that accompany the weights in a Hugging Face folder: configuration, tokenizer and chat template.
  /// The files of a folder are copied. For a GGUF file they are created from its metadata.
  package func writeCompanions(to folder: String) throws(ModelFileError) {
    do {
      if path.hasSuffix(".gguf") {
        for (name, data) in try companionsOfGGUF() {
          try data.write(to: URL(fileURLWithPath: folder).appendingPathComponent(name), options: .atomic)
        }
      } else {
        try copyCompanions(to: folder)
      }
    } catch let error as ModelFileError { throw error } catch {
      throw ModelFileError(.unreadable, folder, "The files beside the weights could not be written: \(error)")
    }
  }

  private func copyCompanions(to folder: String) throws {
    let files = FileManager.default
    for name in try files.contentsOfDirectory(atPath: path)
    where (name.hasSuffix(".json") && !name.hasSuffix(".index.json")) || name.hasSuffix(".jinja")
      || name.hasSuffix(".txt")
    {
      let target = URL(fileURLWithPath: folder).appendingPathComponent(name)
      try? files.removeItem(at: target)
      try files.copyItem(at: URL(fileURLWithPath: path).appendingPathComponent(name), to: target)
    }
  }

  private func companionsOfGGUF() throws -> [(String, Data)] {
    let file = try GGUFFile(contentsOf: path)
    var settings: [String: Any] = [:]
    if let template = file.metadata["tokenizer.chat_template"]?.string { settings["chat_template"] = template }
    let begin = configuration.beginToken.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) }
    let end = file.metadata["tokenizer.ggml.eos_token_id"]?.integer.map {
      String(decoding: tokenizer.bytes(of: $0), as: UTF8.self)
    }
    settings["bos_token"] = begin
    settings["eos_token"] = end
    return try [
      ("config.json", configuration.json), ("tokenizer_config.json", settings), ("tokenizer.json", tokenizerJSON(file)),
    ].map { ($0, try JSONSerialization.data(withJSONObject: $1, options: [.prettyPrinted, .sortedKeys])) }
  }

  /// The tokenizer in the format of Hugging Face's `tokenizers`.
  private func tokenizerJSON(_ file: GGUFFile) throws -> [String: Any] {
    let tokens = try file.strings("tokenizer.ggml.tokens")
    let types = file.metadata["tokenizer.ggml.token_type"]?.array ?? []
    var added: [[String: Any]] = []
    for (id, text) in tokens.enumerated() {
      let type = types.isEmpty ? 1 : types[id].integer ?? 1
      guard [2, 3, 4].contains(type) else { continue }
      added.append([
        "id": id, "content": text, "special": type != 4, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false,
      ])
    }
    let byteLevel: [String: Any] = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true]
    let steps: [[String: Any]] = tokenizer.steps.map { step in
      switch step {
      case .digits(let individual): ["type": "Digits", "individual_digits": individual]
      case .gpt2: byteLevel.merging(["use_regex": true]) { $1 }
      case .tiktoken: ["type": "Split", "pattern": ["Regex": step.pattern], "behavior": "Isolated", "invert": false]
      }
    }
    let cutsWords = tokenizer.steps.contains(.gpt2)
    return [
      "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "added_tokens": added,
      "normalizer": tokenizer.normalizes ? ["type": "NFC"] : NSNull() as Any,
      "pre_tokenizer": [
        "type": "Sequence",
        "pretokenizers": cutsWords ? steps : steps + [byteLevel.merging(["use_regex": false]) { $1 }],
      ],
      "post_processor": NSNull(), "decoder": byteLevel.merging(["use_regex": true]) { $1 },
      "model": [
        "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "continuing_subword_prefix": NSNull(),
        "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": !tokenizer.wholeWords.isEmpty,
        "vocab": Dictionary(
          tokens.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first }),
        "merges": try file.strings("tokenizer.ggml.merges"),
      ],
    ]
  }
}

extension PreTokenizer {
  /// The pattern for tokenizer.json; empty for a step that has a name there.
  fileprivate var pattern: String {
    guard case .tiktoken(let digits) = self else { return "" }
    return #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + (digits > 1 ? "{1,\(digits)}" : "")
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}

extension ModelConfiguration {
  /// The configuration in the format of config.json.
  fileprivate var json: [String: Any] {
    let names: [Architecture: (String, String)] = [
      .llama: ("llama", "LlamaForCausalLM"), .qwen2: ("qwen2", "Qwen2ForCausalLM"),
      .qwen3: ("qwen3", "Qwen3ForCausalLM"),
    ]
    let (type, name) = names[architecture] ?? ("llama", "LlamaForCausalLM")
    var result: [String: Any] = [
      "architectures": [name], "model_type": type, "hidden_act": "silu", "torch_dtype": "float32",
      "hidden_size": hiddenSize, "num_hidden_layers": layers, "num_attention_heads": heads,
      "num_key_value_heads": keyValueHeads, "head_dim": headDimension, "intermediate_size": feedForward,
      "vocab_size": vocabulary, "max_position_embeddings": maximumPositions, "rms_norm_eps": normEpsilon,
      "rope_theta": ropeBase, "tie_word_embeddings": tiedEmbeddings, "attention_bias": attentionBias,
      "eos_token_id": endTokens,
    ]
    result["bos_token_id"] = beginToken
    switch ropeScaling {
    case nil: break
    case .linear(let factor): result["rope_scaling"] = ["rope_type": "linear", "factor": factor]
    case .llama3(let factor, let low, let high, let original):
      result["rope_scaling"] = [
        "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": original,
      ]
    }
    return result
  }
}
