import Agents
import Foundation
import Testing

@testable import ModelFiles

/// Files of `torch.save`, read without executing their pickles.
@Suite struct TorchFileTests {
  static func data(_ name: String) throws -> Data {
    try Data(
      contentsOf: Places.root.appendingPathComponent("Tests/OpenWeightsTests/Adapters/\(name)/adapter_model.bin"))
  }

  /// A zip file with stored entries, in the format of torch.save.
  static func zip(_ entries: [(name: String, bytes: [UInt8])]) -> Data {
    func little(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var data: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in entries {
      let name = Array(name.utf8)
      let sizes = little(0, 4) + little(bytes.count, 4) + little(bytes.count, 4) + little(name.count, 2) + little(0, 2)
      let common = little(0, 2) + little(0, 2) + little(0, 4) + sizes
      directory += little(0x0201_4B50, 4) + little(0, 4) + common.dropFirst(0)
      directory += little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(data.count, 4) + name
      data += little(0x0403_4B50, 4) + little(0, 2) + common + name + bytes
    }
    let start = data.count
    data += directory
    return Data(
      data + little(0x0605_4B50, 4) + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
        + little(directory.count, 4) + little(start, 4) + little(0, 2))
  }

  /// A pickle of one tensor of shape [2, 2] over four floats, with these strides.
  static func pickle(
    module: String = "torch._utils", function: String = "_rebuild_tensor_v2", storage: String = "FloatStorage",
    offset: UInt8 = 0,
    shape: [UInt8] = [2, 2], strides: [UInt8] = [2, 1]
  ) -> [UInt8] {
    func text(_ text: String) -> [UInt8] { [0x58, UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }
    func global(_ module: String, _ name: String) -> [UInt8] { [0x63] + Array("\(module)\n\(name)\n".utf8) }
    func numbers(_ values: [UInt8]) -> [UInt8] { [0x28] + values.flatMap { [0x4B, $0] } + [0x74] }
    let persistent =
      [0x28] + text("storage") + global("torch", storage) + text("0") + text("cpu") + [0x4B, 4, 0x74, 0x51]
    let empty = global("collections", "OrderedDict") + [0x29, 0x52]
    let arguments = [0x28] + persistent + [0x4B, offset] + numbers(shape) + numbers(strides) + [0x89] + empty + [0x74]
    return [0x80, 2, 0x7D, 0x71, 0, 0x28] + text("a") + global(module, function) + arguments + [0x52, 0x75, 0x2E]
  }

  static func file(_ pickle: [UInt8], values: [Float] = [1, 2, 3, 4]) throws -> TorchFile {
    let bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    return try TorchFile(data: zip([("x/data.pkl", pickle), ("x/data/0", bytes)]), path: "test.bin")
  }

  @Test func whatTorchWroteIsRead() throws {
    let whole = try TorchFile(data: try Self.data("layers"), path: "layers")
    #expect(whole.names.count == 6)
    let name = "base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight"
    #expect(whole.shape(of: name) == [3, 16])
    #expect(try whole.floats(of: name).contains { $0 != 0 })
    // These tensors are in half precision, each in its own storage.
    let half = try TorchFile(data: try Self.data("all"), path: "all")
    #expect(half.names.count == 2 * 7 * 2)
    #expect(try half.names.allSatisfy { try half.floats(of: $0).allSatisfy(\.isFinite) })
  }

  @Test func stridesAndOffsetsAreHeeded() throws {
    #expect(try Self.file(Self.pickle()).floats(of: "a") == [1, 2, 3, 4])
    #expect(try Self.file(Self.pickle(strides: [1, 2])).floats(of: "a") == [1, 3, 2, 4])
    #expect(try Self.file(Self.pickle(offset: 1, shape: [3], strides: [1])).floats(of: "a") == [2, 3, 4])
    #expect(try Self.file(Self.pickle(shape: [], strides: [])).floats(of: "a") == [1])
    #expect(try Self.file(Self.pickle(shape: [0, 2])).floats(of: "a") == [])
  }

  /// A pickle can name any function. Every unknown name is an error here.
  @Test(arguments: [
    ("os", "system"), ("builtins", "eval"), ("torch", "load"), ("torch._utils", "_rebuild_sparse_tensor"),
  ])
  func nothingIsRun(module: String, name: String) {
    let error = #expect(throws: ModelFileError.self) { try Self.file(Self.pickle(module: module, function: name)) }
    #expect(error?.message.contains("\(module).\(name)") == true)
  }

  @Test func hostileFilesAreErrors() {
    for pickle in [
      Self.pickle(offset: 1), Self.pickle(shape: [3, 2]), Self.pickle(strides: [3, 1]),
      Self.pickle(shape: [200, 200], strides: [0, 0]),
      Self.pickle(storage: "LongStorage"), Self.pickle(shape: [2]), [], [0x2E], [0x80, 2, 0x4E, 0x2E], [0x28, 0x2E],
      [0x68, 9, 0x2E],
      [0x58, 255, 255, 255, 255], [0x8A, 255], [0x63, 0x6F], [0x7D, 0x28, 0x4B, 1, 0x75, 0x2E], [0x81], [0x52],
      Array(repeating: 0x28, count: 1 << 21),
    ] { #expect(throws: ModelFileError.self, "\(pickle.prefix(40))") { try Self.file(pickle) } }
    for data in [Data(), Data("PK".utf8), Self.zip([]), Self.zip([("x/other", [1])])] {
      #expect(throws: ModelFileError.self) { try TorchFile(data: data, path: "test.bin") }
    }
  }

  @Test func damagedFilesAreErrorsOrTensors() throws {
    let whole = try Self.data("layers")
    for length in stride(from: 0, to: whole.count, by: 97) {
      #expect(throws: ModelFileError.self) { try TorchFile(data: whole.prefix(length), path: "cut.bin") }
    }
    var draws = Seed(3).generator()
    var sound = 0
    for _ in 0..<600 {
      let damaged = FuzzTests.damage(whole, header: whole.count, &draws)
      guard let file = try? TorchFile(data: damaged, path: "fuzz.bin") else { continue }
      for name in file.names { _ = try? file.floats(of: name) }
      sound += 1
    }
    #expect(sound < 600)
  }
}
