import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelFiles

/// A damaged file gives an error or a value and never a trap. All readable parts are read.
@Suite struct FuzzTests {
  /// Reads every part of the file.
  ///
  /// - Returns: Whether the file was sound.
  static func read(gguf data: Data) -> Bool {
    guard let file = try? GGUFFile(data: data, path: "fuzz.gguf") else { return false }
    for tensor in file.tensors.values { _ = try? file.floats(of: tensor) }
    guard let tokenizer = try? Tokenizer(file) else { return false }
    _ = tokenizer.decode(tokenizer.encode("hello <|im_end|> wörld", parsesSpecial: true))
    guard let configuration = try? ModelConfiguration(file, tokenizer: tokenizer),
      let weights = try? GGUFWeights(file)
    else { return false }
    // Only small models: a flipped bit may declare a thousand layers, which is valid.
    if configuration.layers < 8 { _ = try? configuration.check(weights, path: "fuzz.gguf") }
    for name in weights.names { _ = try? weights.floats(of: name) }
    return true
  }

  /// Changes one byte, several bytes or a word, most often in the header, where the effect is largest.
  static func damage(_ data: Data, header: Int, _ draws: inout SplitMix64) -> Data {
    var damaged = data
    for _ in 0..<Int.random(in: 1...3, using: &draws) {
      let place = Int.random(in: 0..<(Int.random(in: 0..<8, using: &draws) == 0 ? data.count : header), using: &draws)
      switch Int.random(in: 0..<4, using: &draws) {
      case 0: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &draws)
      case 1: damaged[place] = UInt8.random(in: 0...255, using: &draws)
      case 2:
        let words: [UInt64] = [0, .max, 1 << 63, 1 << 62, 1 << 32, 0x7FFF_FFFF_FFFF_FFFF, 1 << 20]
        let word = words[Int.random(in: 0..<words.count, using: &draws)]
        for byte in 0..<8 where place + byte < damaged.count {
          damaged[place + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte))
        }
      default:
        // Bytes are removed, so everything after them moves.
        damaged.removeSubrange(place..<min(place + Int.random(in: 1...16, using: &draws), damaged.count))
      }
      if damaged.count < header { break }
    }
    return damaged
  }

  @Test(arguments: ["llama", "qwen3"]) func damagedGGUF(architecture: String) {
    let model = SmallModel(architecture: architecture, pre: architecture == "llama" ? "llama-bpe" : "qwen2")
    let data = model.builder.data
    let header = data.count - model.builder.tensors.map { ($0.bytes.count + 31) / 32 * 32 }.reduce(0, +)
    #expect(Self.read(gguf: data))
    var draws = Seed(11).generator()
    var sound = 0
    for _ in 0..<1_000 where Self.read(gguf: Self.damage(data, header: header, &draws)) { sound += 1 }
    #expect(sound < 900)
  }

  @Test func whatOnceFailed() {
    for data in Fuzz.corpus("GGUF") { _ = Self.read(gguf: data) }
    for data in Fuzz.corpus("Safetensors") {
      guard let file = try? SafetensorsFile(data: data, path: "corpus") else { continue }
      for name in file.names { _ = try? file.floats(of: name) }
    }
    for data in Fuzz.corpus("JSON") { _ = try? Self.parse(data) }
  }

  @Test func truncatedGGUF() {
    let data = SmallModel().builder.data
    for length in stride(from: 0, to: data.count - 64, by: data.count / 1_000 + 1) {
      #expect(throws: ModelFileError.self) { try GGUFFile(data: data.prefix(length), path: "cut.gguf") }
    }
  }

  @Test func damagedSafetensors() throws {
    let data = try Places.withFolder { folder in
      let path = folder.appendingPathComponent("x.safetensors").path
      let tensors = (0..<6).map { ("tensor.\($0)", [2, 4], [Float](repeating: 1, count: 8)) }
      try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: path)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    let header = data.count - 6 * 32
    var draws = Seed(12).generator()
    var sound = 0
    for round in 0..<3_000 {
      let damaged = round < data.count ? data.prefix(round) : Self.damage(data, header: header, &draws)
      guard let file = try? SafetensorsFile(data: Data(damaged), path: "fuzz") else { continue }
      sound += 1
      for name in file.names { _ = try? file.floats(of: name) }
    }
    #expect(sound > 0 && sound < 2_000)
  }

  @Test func damagedTokenizers() throws {
    let data = Data(SmallTokenizer().json.utf8)
    #expect(throws: Never.self) { try SmallTokenizer().tokenizer() }
    var draws = Seed(13).generator()
    var sound = 0
    for _ in 0..<600 {
      let damaged = Self.damage(data, header: data.count, &draws)
      let tokenizer = try? damaged.withBytes { bytes throws(ModelFileError) in
        try Tokenizer(JSON(parsing: bytes, path: "fuzz"), path: "fuzz")
      }
      guard let tokenizer else { continue }
      sound += 1
      _ = tokenizer.decode(tokenizer.encode("hello <|end|>\u{0} 123", parsesSpecial: true))
    }
    #expect(sound < 500)
  }

  /// Depth and size are bounded. Invalid JSON gives an error with its position.
  @Test func damagedJSON() {
    let wrong = [
      "", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "01x", "--1", "1e999", "\"", "\"\\u12\"",
      "\"\\ud800\"",
      "\"\\ud800\\u0041\"", "\"\\x\"", "\"\u{1}\"", "tru", "nul", "[1]]", "+1",
      String(repeating: "[", count: 1_000_000),
      String(repeating: "{\"a\":", count: 10_000),
    ]
    for text in wrong {
      let error = #expect(throws: ModelFileError.self, "\(text.prefix(40))") { try Self.parse(Data(text.utf8)) }
      #expect(error?.message.contains("at byte") == true)
    }
    for bytes in [[0x22, 0xFF, 0x22], [0xFF], [0x22, 0xC3, 0x28, 0x22]] as [[UInt8]] {
      #expect(throws: ModelFileError.self) { try Self.parse(Data(bytes)) }
    }
  }

  @Test func soundJSONIsRead() throws {
    let text = #"{"a": [1, -2.5, 1e3, true, false, null], "b": "x\n\u00e9\ud83d\ude00\/", "a": {}}"#
    let json = try Self.parse(Data(text.utf8))
    #expect(json["b"]?.string == "x\né😀/" && json.object?.count == 3 && json["c"] == nil)
    let values = json.object?.first?.value.array ?? []
    #expect(values.count == 6 && values[0].integer == 1 && values[1].number == -2.5 && values[2].integer == 1000)
    #expect(values[3].bool == true && values[1].integer == nil)
  }

  static func parse(_ data: Data) throws(ModelFileError) -> JSON {
    try data.withBytes { bytes throws(ModelFileError) in try JSON(parsing: bytes, path: "test.json") }
  }
}
