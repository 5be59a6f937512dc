import Foundation

/// One safetensors file. F32, F16 and BF16 are widened; reading a tensor of another type is an error.
///
/// Source: the format's own specification, github.com/huggingface/safetensors.
package struct SafetensorsFile: WeightFile {
  package let path: String
  package let names: [String]
  /// The header's `__metadata__`.
  package let metadata: [String: String]
  private let entries: [String: SafetensorsEntry]
  private let data: Data

  package init(contentsOf path: String) throws(ModelFileError) {
    try self.init(data: try MappedFile.open(path), path: path)
  }

  init(data: Data, path: String) throws(ModelFileError) {
    self.path = path
    self.data = data
    let header = try data.withBytes { bytes throws(ModelFileError) in
      try SafetensorsHeader(parsing: bytes, path: path)
    }
    entries = header.entries
    metadata = header.metadata
    names = header.entries.keys.sorted()
  }

  package func shape(of name: String) -> [Int]? { entries[name]?.shape }

  package func floats(of name: String) throws(ModelFileError) -> [Float] {
    guard let entry = entries[name] else {
      throw ModelFileError(.inconsistent, path, "There is no tensor \(quoted(name)) in this file.")
    }
    let widen: Dequantizer
    switch entry.type {
    case "F32": widen = dequantizeF32
    case "F16": widen = dequantizeF16
    case "BF16": widen = dequantizeBF16
    default:
      throw ModelFileError(
        .unsupported, path,
        "\(quoted(name)) is stored as \(quoted(entry.type)), which is not supported. Supported are F32, F16 and BF16.")
    }
    // The header's parser has checked that the range lies in the file and matches shape and type.
    return data.withUnsafeBytes { bytes in
      [Float](unsafeUninitializedCapacity: entry.count) { values, count in
        widen(UnsafeRawBufferPointer(rebasing: bytes[entry.range]), values, entry.count)
        count = entry.count
      }
    }
  }
}
