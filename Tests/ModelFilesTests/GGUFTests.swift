import Foundation
import Testing

@testable import ModelFiles

@Suite struct GGUFTests {
  struct Blocks: Decodable {
    let type: UInt32
    let bytes: String
    let bits: String
  }

  static let blocks: [String: Blocks] = {
    let path = Places.root.appendingPathComponent("Tests/ModelFilesTests/blocks.json")
    return (try? JSONDecoder().decode([String: Blocks].self, from: Data(contentsOf: path))) ?? [:]
  }()

  static func bytes(_ hexadecimal: String) -> Data {
    let digits = Array(hexadecimal.utf8).map { UInt8(Character(Unicode.Scalar($0)).hexDigitValue!) }
    return Data(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
  }

  /// The values equal those of PyPI's gguf for the same blocks, bit for bit (`make_blocks.py`).
  @Test(arguments: ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"])
  func quantisationsAreWidenedExactly(name: String) throws {
    let blocks = try #require(Self.blocks[name])
    let expected = Self.bytes(blocks.bits).withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
    var builder = GGUFBuilder()
    builder.tensors = [("x", [expected.count], blocks.type, Self.bytes(blocks.bytes))]
    let file = try builder.file()
    let tensor = try #require(file.tensors["x"])
    #expect(tensor.type.name == name && tensor.type.isSupported)
    #expect(try file.floats(of: tensor).map(\.bitPattern) == expected)
  }

  /// Every half-precision number, compared with the meaning of its bits.
  @Test func halvesAreWidenedExactly() {
    for bits in UInt16.min...UInt16.max {
      let exponent = Int(bits >> 10 & 31)
      let mantissa = Double(bits & 1023)
      let magnitude = exponent == 0 ? mantissa * 0x1p-24 : (1024 + mantissa) * pow(2, Double(exponent - 25))
      let value = widened(half: bits)
      if exponent == 31 {
        #expect(mantissa == 0 ? value.isInfinite : value.isNaN)
      } else {
        #expect(Double(value) == (bits & 0x8000 == 0 ? magnitude : -magnitude))
      }
    }
  }

  @Test func metadataOfEveryTypeComesBack() throws {
    let values: [(String, GGUFValue)] = [
      ("a", .unsigned(7)), ("b", .unsigned(.max)), ("c", .signed(-3)), ("d", .float32(1e-5)), ("e", .float64(.pi)),
      ("f", .bool(true)), ("g", .string("größer")), ("h", .array([.string("x"), .string("")])),
      ("i", .array([.array([.signed(1)]), .array([])])),
    ]
    var builder = GGUFBuilder()
    builder.metadata = values
    let metadata = try builder.file().metadata
    for (key, value) in values { #expect(metadata[key] == value) }
    #expect(metadata["d"]?.number == 1e-5 && metadata["c"]?.integer == -3 && metadata["b"]?.integer == nil)
  }

  @Test func anUnsupportedTypeIsNamed() throws {
    var builder = GGUFBuilder()
    builder.tensors = [("x", [256], 10, Data(count: 84)), ("y", [4], 99, Data(count: 4))]
    let file = try builder.file()
    for (name, type) in [("x", "Q2_K"), ("y", "type 99")] {
      let error = #expect(throws: ModelFileError.self) { try file.floats(of: #require(file.tensors[name])) }
      #expect(error?.kind == .unsupported && error?.message.contains(type) == true)
    }
  }

  /// Row 2j + i of a head in the file is row i·half + j of the head in Hugging Face's order.
  @Test func thePermutationOfLlamaIsUndone() throws {
    let weights = try GGUFWeights(SmallModel().builder.file())
    let q = try weights.floats(of: "model.layers.1.self_attn.q_proj.weight")
    // Four heads of 8 rows of 32 values. Each value is its own index in the file.
    for head in 0..<4 {
      for i in 0..<2 {
        for j in 0..<4 {
          let row = head * 8 + i * 4 + j
          #expect(q[row * 32 + 5] == Float((head * 8 + 2 * j + i) * 32 + 5))
        }
      }
    }
    let k = try weights.floats(of: "model.layers.1.self_attn.k_proj.weight")
    #expect(k[32] == 64 && k[9 * 32] == 10 * 32)
    let v = try weights.floats(of: "model.layers.1.self_attn.v_proj.weight")
    #expect(v == (0..<512).map { Float($0) })
    let qwen = try GGUFWeights(SmallModel(architecture: "qwen2").builder.file())
    #expect(try qwen.floats(of: "model.layers.0.self_attn.q_proj.weight") == (0..<1024).map { Float($0) })
    #expect(try qwen.floats(of: "model.layers.0.self_attn.q_proj.bias") == (0..<32).map { Float($0) })
  }

  @Test func liesAreFound() {
    func refuse(_ change: (inout GGUFBuilder) -> Void, _ message: String) {
      var builder = GGUFBuilder()
      builder.metadata = [("a", .string("b"))]
      builder.add("x", [4, 8], (0..<32).map { Float($0) })
      builder.add("y", [8], (0..<8).map { Float($0) })
      change(&builder)
      let error = #expect(throws: ModelFileError.self) { try builder.file() }
      #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
    refuse({ $0.version = 1 }, "version")
    refuse({ $0.version = UInt32(3).byteSwapped }, "big-endian")
    refuse({ $0.tensorCount = .max }, "more tensors")
    refuse({ $0.valueCount = 1 << 60 }, "more metadata")
    refuse({ $0.offsets["y"] = 1 << 40 }, "do not lie in it")
    refuse({ $0.offsets["y"] = .max - 31 }, "do not lie in it")
    refuse({ $0.offsets["y"] = 1 }, "do not lie in it")
    refuse({ $0.offsets["y"] = 0 }, "overlap")
    refuse({ $0.dimensions["x"] = [1 << 62, 4] }, "do not lie in it")
    refuse({ $0.dimensions["x"] = [1 << 32, 1 << 32] }, "do not lie in it")
    refuse({ $0.dimensions["x"] = [.max] }, "do not lie in it")
    refuse({ $0.dimensions["x"] = [] }, "dimensions")
    refuse({ $0.dimensions["x"] = [1, 1, 1, 1, 1] }, "dimensions")
    refuse({ $0.tensors.append($0.tensors[0]) }, "twice")
    refuse({ $0.metadata.append($0.metadata[0]) }, "twice")
    refuse({ $0.metadata.append(("general.alignment", .unsigned(0))) }, "alignment")
    refuse({ $0.metadata.append(("general.alignment", .unsigned(1 << 40))) }, "alignment")
    refuse({ $0.metadata.append(("n", .array([.array([.array([.array([.array([.bool(true)])])])])]))) }, "nested")
  }

  @Test(.enabled(if: Places.model != nil)) func theRealModelOpens() throws {
    let model = try OpenModel.open(#require(Places.model))
    let configuration = model.configuration
    #expect(configuration.layers == 30 && configuration.hiddenSize == 576 && configuration.vocabulary == 49152)
    #expect(configuration.heads == 9 && configuration.keyValueHeads == 3 && configuration.headDimension == 64)
    #expect(configuration.normEpsilon == 1e-5 && configuration.ropeBase == 100_000 && configuration.tiedEmbeddings)
    #expect(configuration.beginToken == 1 && !configuration.addsBeginToken && configuration.endTokens == [2, 0])
    let norm = try model.weights.floats(of: "model.norm.weight")
    #expect(norm.count == 576 && norm.allSatisfy(\.isFinite))
    let template = try #require(model.chatTemplate)
    let text = try template.render([ChatMessage(role: "user", content: "Hi")], addsGenerationPrompt: true)
    #expect(
      text == """
        <|im_start|>system
        You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
        <|im_start|>user
        Hi<|im_end|>
        <|im_start|>assistant

        """)
    #expect(model.tokenizer.encode(text, parsesSpecial: true).prefix(4) == [1, 9690, 198, 2683])
  }
}
