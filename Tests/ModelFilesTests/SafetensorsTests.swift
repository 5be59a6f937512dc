import Foundation
import Testing

@testable import ModelFiles

@Suite struct SafetensorsTests {
  /// A file with an arbitrary header.
  static func file(_ header: String, values: Int = 16, length: UInt64? = nil) throws(ModelFileError) -> SafetensorsFile
  {
    var data = Data()
    data.put(length ?? UInt64(header.utf8.count))
    data.append(contentsOf: header.utf8)
    data.append(Data(count: values))
    return try SafetensorsFile(data: data, path: "x.safetensors")
  }

  @Test func whatIsWrittenComesBack() throws {
    try Places.withFolder { folder in
      let path = folder.appendingPathComponent("adapter.safetensors").path
      let tensors: [(name: String, shape: [Int], values: [Float])] = [
        ("b", [2, 3], [1, -2, 3.5, .pi, .infinity, 1e-40]), ("a \"quoted\"\n", [], [7]), ("none", [0, 4], []),
      ]
      for _ in 0..<2 { try SafetensorsFile.write(tensors, metadata: ["rank": "8", "ü": "\u{1}"], to: path) }
      let file = try SafetensorsFile(contentsOf: path)
      #expect(file.names == ["a \"quoted\"\n", "b", "none"] && file.metadata == ["rank": "8", "ü": "\u{1}"])
      for (name, shape, values) in tensors {
        #expect(file.shape(of: name) == shape)
        #expect(try file.floats(of: name) == values)
      }
      #expect(file.shape(of: "c") == nil)
      #expect(throws: ModelFileError.self) { try file.floats(of: "c") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["adapter.safetensors"])
    }
  }

  @Test func nothingWrongIsWritten() throws {
    try Places.withFolder { folder in
      let path = folder.appendingPathComponent("x.safetensors").path
      let wrong: [[(name: String, shape: [Int], values: [Float])]] = [
        [("a", [2], [1])], [("a", [1], [1]), ("a", [1], [1])], [("a", [-1, -1], [1])], [("__metadata__", [1], [1])],
      ]
      for tensors in wrong {
        #expect(throws: ModelFileError.self) { try SafetensorsFile.write(tensors, metadata: [:], to: path) }
      }
      let nowhere = folder.appendingPathComponent("no/x.safetensors").path
      let error = #expect(throws: ModelFileError.self) {
        try SafetensorsFile.write([("a", [1], [1])], metadata: [:], to: nowhere)
      }
      #expect(error?.kind == .unwritable)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left == [])
    }
  }

  @Test func halvesAreWidened() throws {
    var data = Data()
    let header =
      #"{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},"i":{"dtype":"I64","shape":[1],"data_offsets":[6,14]}}"#
    data.put(UInt64(header.utf8.count))
    data.append(contentsOf: header.utf8)
    for bits in [0x3C00, 0xC100, 0x4049] as [UInt16] { data.put(bits) }
    data.append(Data(count: 8))
    let file = try SafetensorsFile(data: data, path: "x")
    #expect(try file.floats(of: "h") == [1, -2.5])
    #expect(try file.floats(of: "b") == [3.140625])
    let error = #expect(throws: ModelFileError.self) { try file.floats(of: "i") }
    #expect(error?.kind == .unsupported && error?.message.contains("I64") == true)
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,20]}}"#,
    #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}}"#,
    #"{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#,
    #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, #"{"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, #"{"a":3}"#, "[]", "{", "", "nul", #"{"a":{}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775807,9223372036854775807]}}"#,
    String(repeating: "[", count: 100_000),
  ])
  func liesAreFound(header: String) {
    #expect(throws: ModelFileError.self) { try Self.file(header) }
  }

  @Test func aWrongLengthIsFound() {
    for length in [UInt64.max, 1 << 62, 1 << 31, 60] {
      #expect(throws: ModelFileError.self) { try Self.file("{}", length: length) }
    }
    #expect(throws: ModelFileError.self) { try SafetensorsFile(data: Data([1, 2, 3]), path: "x") }
  }

  @Test func shardsAreReadAndStayInTheirFolder() throws {
    try Places.withFolder { folder in
      func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
      }
      let error = #expect(throws: ModelFileError.self) { try SafetensorsFolder(contentsOf: folder.path) }
      #expect(error?.message.contains("model.safetensors") == true)
      for (name, tensor) in [("one.safetensors", "a"), ("two.safetensors", "b")] {
        try SafetensorsFile.write(
          [(tensor, [1], [Float(tensor.utf8.count)])], metadata: [:], to: folder.appendingPathComponent(name).path)
      }
      try write("model.safetensors.index.json", #"{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"#)
      let weights = try SafetensorsFolder(contentsOf: folder.path)
      #expect(weights.names == ["a", "b"] && weights.shape(of: "b") == [1])
      #expect(try weights.floats(of: "a") == [1])
      for index in [
        #"{"weight_map":{"a":"../one.safetensors"}}"#, #"{"weight_map":{"a":"/etc/passwd"}}"#,
        #"{"weight_map":{"a":"..\\one.safetensors"}}"#, #"{"weight_map":{"a":"two.safetensors"}}"#,
        #"{"weight_map":{"a":"three.safetensors"}}"#, #"{"weight_map":{"a":7}}"#, #"{"weight_map":[]}"#, "{}",
        #"{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}"#, #"{"weight_map":{"a":".safetensors"}}"#,
      ] {
        try write("model.safetensors.index.json", index)
        #expect(throws: ModelFileError.self, "\(index)") { try SafetensorsFolder(contentsOf: folder.path) }
      }
    }
  }
}

@Suite struct PointerTests {
  @Test("A pointer of Git LFS in place of a model's file is called one")
  func lfsPointer() throws {
    try Places.withFolder { folder in
      let path = folder.appendingPathComponent("model.safetensors").path
      try Data("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 98\n".utf8).write(
        to: URL(fileURLWithPath: path))
      for open in [{ _ = try SafetensorsFile(contentsOf: path) }, { _ = try GGUFFile(contentsOf: path) }] {
        let error = #expect(throws: ModelFileError.self) { try open() }
        #expect(error?.message.contains("git lfs pull") == true, "\(error?.message ?? "")")
      }
    }
  }
}
