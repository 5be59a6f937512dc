import Foundation

/// The weights of a Hugging Face folder: `model.safetensors`, or the shards of `model.safetensors.index.json`.
package struct SafetensorsFolder: WeightFile {
  package let names: [String]
  private let folder: String
  /// The shard of each tensor.
  private let shards: [String: SafetensorsFile]

  package init(contentsOf folder: String) throws(ModelFileError) {
    self.folder = folder
    let root = URL(fileURLWithPath: folder, isDirectory: true)
    let single = root.appendingPathComponent("model.safetensors").path
    let index = root.appendingPathComponent("model.safetensors.index.json").path
    if MappedFile.exists(single) {
      let file = try SafetensorsFile(contentsOf: single)
      shards = Dictionary(uniqueKeysWithValues: file.names.map { ($0, file) })
    } else if MappedFile.exists(index) {
      shards = try SafetensorsFolder.shards(of: index, in: root)
    } else {
      throw ModelFileError(
        .unreadable, folder, "There is neither model.safetensors nor model.safetensors.index.json in this folder.")
    }
    names = shards.keys.sorted()
  }

  package func shape(of name: String) -> [Int]? { shards[name]?.shape(of: name) }

  package func floats(of name: String) throws(ModelFileError) -> [Float] {
    guard let shard = shards[name] else {
      throw ModelFileError(.inconsistent, folder, "There is no tensor \(quoted(name)) in this folder.")
    }
    return try shard.floats(of: name)
  }

  private static func shards(of index: String, in root: URL) throws(ModelFileError) -> [String: SafetensorsFile] {
    guard let members = try JSON(contentsOf: index)["weight_map"]?.object else {
      throw ModelFileError(.malformed, index, "There is no object “weight_map” in it.")
    }
    var files: [String: SafetensorsFile] = [:]
    var shards: [String: SafetensorsFile] = [:]
    for (name, value) in members {
      guard let shard = value.string, isPlainName(shard) else {
        throw ModelFileError(
          .malformed, index, "\(quoted(name)) is not mapped to the plain name of a .safetensors file in this folder.")
      }
      let file: SafetensorsFile
      if let known = files[shard] {
        file = known
      } else {
        // Each shard stays mapped and open as long as the model.
        guard files.count < 1024 else { throw ModelFileError(.malformed, index, "It names more than 1024 files.") }
        file = try SafetensorsFile(contentsOf: root.appendingPathComponent(shard).path)
        files[shard] = file
      }
      guard file.shape(of: name) != nil else {
        throw ModelFileError(
          .inconsistent, index, "The index maps \(quoted(name)) to \(quoted(shard)), but it is not there.")
      }
      guard shards.updateValue(file, forKey: name) == nil else {
        throw ModelFileError(.malformed, index, "\(quoted(name)) is there twice.")
      }
    }
    return shards
  }

  /// Whether the name denotes a file in the folder itself and not outside of it.
  private static func isPlainName(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.hasPrefix(".")
      && !name.utf8.contains { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 }
  }
}
