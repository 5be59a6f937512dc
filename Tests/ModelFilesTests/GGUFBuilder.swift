import Foundation

@testable import ModelFiles

/// Writes sound and damaged GGUF files for the tests.
struct GGUFBuilder {
  var metadata: [(key: String, value: GGUFValue)] = []
  /// Shapes in PyTorch's order, outermost first.
  var tensors: [(name: String, shape: [Int], type: UInt32, bytes: Data)] = []
  var version: UInt32 = 3
  /// These replace the true counts and offsets in files with wrong headers.
  var tensorCount: UInt64?
  var valueCount: UInt64?
  var offsets: [String: UInt64] = [:]
  var dimensions: [String: [UInt64]] = [:]

  mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    tensors.append((name, shape, 0, values.withUnsafeBytes { Data($0) }))
  }

  var data: Data {
    var file = Data("GGUF".utf8)
    file.put(version)
    file.put(tensorCount ?? UInt64(tensors.count))
    file.put(valueCount ?? UInt64(metadata.count))
    for (key, value) in metadata {
      file.put(key)
      file.put(GGUFBuilder.type(of: value))
      GGUFBuilder.put(value, into: &file)
    }
    var offset: UInt64 = 0
    for (name, shape, type, bytes) in tensors {
      file.put(name)
      let sizes = dimensions[name] ?? shape.reversed().map(UInt64.init)
      file.put(UInt32(sizes.count))
      for size in sizes { file.put(size) }
      file.put(type)
      file.put(offsets[name] ?? offset)
      offset += UInt64((bytes.count + 31) / 32 * 32)
    }
    file.append(Data(count: -file.count & 31))
    for tensor in tensors {
      file.append(tensor.bytes)
      file.append(Data(count: -tensor.bytes.count & 31))
    }
    return file
  }

  func file() throws(ModelFileError) -> GGUFFile { try GGUFFile(data: data, path: "test.gguf") }

  static func type(of value: GGUFValue) -> UInt32 {
    switch value {
    case .unsigned(let value): value > UInt32.max ? 10 : 4
    case .signed: 11
    case .float32: 6
    case .float64: 12
    case .bool: 7
    case .string: 8
    case .array: 9
    }
  }

  static func put(_ value: GGUFValue, into file: inout Data) {
    switch value {
    case .unsigned(let value): if value > UInt32.max { file.put(value) } else { file.put(UInt32(value)) }
    case .signed(let value): file.put(value)
    case .float32(let value): file.put(value.bitPattern)
    case .float64(let value): file.put(value.bitPattern)
    case .bool(let value): file.put(UInt8(value ? 1 : 0))
    case .string(let value): file.put(value)
    case .array(let values):
      file.put(values.first.map(type) ?? 4)
      file.put(UInt64(values.count))
      for value in values { put(value, into: &file) }
    }
  }
}

extension Data {
  mutating func put(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  mutating func put(_ text: String) {
    put(UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}

/// A complete small model in GGUF.
struct SmallModel {
  var architecture = "llama"
  var builder = GGUFBuilder()
  static let layers = 2
  static let vocabulary = 302

  init(architecture: String = "llama", pre: String = "smollm") {
    self.architecture = architecture
    let key = { (name: String) in "\(architecture).\(name)" }
    var tokens = (0..<256).map { ByteAlphabet.encode([UInt8($0)]) } + ["he", "ll", "hell", "hello"]
    tokens += (260..<301).map { "\($0)" } + ["<|im_end|>"]
    builder.metadata = [
      ("general.architecture", .string(architecture)), (key("block_count"), .unsigned(2)),
      (key("context_length"), .unsigned(128)), (key("embedding_length"), .unsigned(32)),
      (key("feed_forward_length"), .unsigned(64)), (key("attention.head_count"), .unsigned(4)),
      (key("attention.head_count_kv"), .unsigned(2)), (key("attention.layer_norm_rms_epsilon"), .float32(1e-5)),
      (key("rope.freq_base"), .float32(100_000)), ("tokenizer.ggml.model", .string("gpt2")),
      ("tokenizer.ggml.pre", .string(pre)), ("tokenizer.ggml.tokens", .array(tokens.map(GGUFValue.string))),
      ("tokenizer.ggml.merges", .array(["h e", "l l", "he ll", "hell o"].map(GGUFValue.string))),
      ("tokenizer.ggml.token_type", .array(tokens.map { .signed($0.hasPrefix("<|") ? 3 : 1) })),
      ("tokenizer.ggml.eos_token_id", .unsigned(301)),
      (
        "tokenizer.chat_template",
        .string(
          "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']}}{% endfor %}")
      ),
    ]
    func tensor(_ name: String, _ shape: [Int]) {
      let count = shape.reduce(1, *)
      builder.add(name, shape, (0..<count).map { Float($0) })
    }
    tensor("token_embd.weight", [302, 32])
    tensor("output_norm.weight", [32])
    for layer in 0..<2 {
      let prefix = "blk.\(layer)."
      for (name, rows) in [("attn_q", 32), ("attn_k", 16), ("attn_v", 16)] {
        tensor("\(prefix)\(name).weight", [rows, 32])
        if architecture == "qwen2" { tensor("\(prefix)\(name).bias", [rows]) }
      }
      tensor(prefix + "attn_output.weight", [32, 32])
      if architecture == "qwen3" {
        tensor(prefix + "attn_q_norm.weight", [8])
        tensor(prefix + "attn_k_norm.weight", [8])
      }
      tensor(prefix + "attn_norm.weight", [32])
      tensor(prefix + "ffn_norm.weight", [32])
      tensor(prefix + "ffn_gate.weight", [64, 32])
      tensor(prefix + "ffn_up.weight", [64, 32])
      tensor(prefix + "ffn_down.weight", [32, 64])
    }
  }

  subscript(key: String) -> GGUFValue? {
    get { builder.metadata.first { $0.key == key }?.value }
    set {
      builder.metadata.removeAll { $0.key == key }
      if let newValue { builder.metadata.append((key, newValue)) }
    }
  }

  /// Writes the model to a file and opens it.
  func open() throws -> OpenModel {
    try Places.withFolder { folder in
      let path = folder.appendingPathComponent("small.gguf").path
      try builder.data.write(to: URL(fileURLWithPath: path))
      return try OpenModel.open(path)
    }
  }
}
