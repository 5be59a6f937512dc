import Agents
import Foundation
import ModelFiles
import Tensors

/// A model in memory with its files, and an adapter if one is given.
package struct LoadedModel: Sendable {
  package let files: OpenModel
  package let model: LanguageModel
  package let adapter: AdapterWeights?
  /// The name under which answers are stored: the names of the file or folder and of the adapter, each with a digest.
  /// The digests distinguish versions with the same name. Figures of the two precisions differ, so that the name says
  /// which.
  package let name: String
  /// Records the tokens of answers for training.
  package var drawn: DrawnTokens?

  /// The path at which PEFT and converters find the model.
  package var path: String { URL(fileURLWithPath: files.path).standardizedFileURL.path }

  /// Reads the weights. This takes a second or two per hundred million parameters.
  ///
  /// - Parameter adapter: a folder written by PEFT or ``AdapterFolder``.
  /// - Throws: `ModelFileError`, `ModelError`, `TensorError`.
  @TensorActor
  package static func open(
    _ path: String, adapter: String? = nil, precision: Precision = .exact
  ) throws -> LoadedModel {
    let files = try OpenModel.open(path)
    let model = try LanguageModel(files.configuration, weights: files.weights, precision: precision)
    return LoadedModel(
      files: files, model: model, adapter: try adapter.map { try AdapterFolder($0).read(for: files.configuration) },
      name: try name(path, adapter: adapter, precision: precision))
  }

  /// The same model with another adapter, or without one.
  package func with(_ adapter: AdapterWeights?, named name: String) -> LoadedModel {
    LoadedModel(files: files, model: model, adapter: adapter, name: name)
  }

  /// The value of ``name``, computed without reading the weights.
  package static func name(_ path: String, adapter: String? = nil, precision: Precision = .exact) throws -> String {
    let url = URL(fileURLWithPath: path)
    let file = url.pathExtension == "gguf" ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
    let base = "\(file)@\(try digest(of: path))\(precision == .exact ? "" : " \(precision.rawValue)")"
    guard let adapter else { return base }
    let digest = try AdapterFolder(adapter).digest()
    return "\(base)+\(URL(fileURLWithPath: adapter).lastPathComponent)@\(digest)"
  }

  /// A short digest of the weights and of the files beside them. Files are large, so it covers each file's size and
  /// samples from all of it, close enough to touch every layer.
  private static func digest(of path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ModelError("There is no model \(path): give a GGUF file or a Hugging Face folder.")
    }
    let files =
      isFolder.boolValue
      ? try FileManager.default.contentsOfDirectory(atPath: path).filter { name in
        [".safetensors", ".json", ".jinja"].contains(where: name.hasSuffix)
      }.sorted().map { "\(path)/\($0)" } : [path]
    var digest = Digest()
    for file in files {
      guard let handle = FileHandle(forReadingAtPath: file) else { throw ModelError("\(file) cannot be read.") }
      defer { try? handle.close() }
      let size = try handle.seekToEnd()
      let (piece, pieces): (UInt64, UInt64) = (1 << 10, 512)
      digest.add(URL(fileURLWithPath: file).lastPathComponent, String(size))
      // The first piece is the file's beginning and the last its end. A small file is one piece.
      for number in 0..<(size > piece ? pieces : 1) {
        try handle.seek(toOffset: size > piece ? (size - piece) * number / (pieces - 1) : 0)
        digest.add((try handle.read(upToCount: Int(piece)) ?? Data()).base64EncodedString())
      }
    }
    return String(digest.text.prefix(8))
  }
}
