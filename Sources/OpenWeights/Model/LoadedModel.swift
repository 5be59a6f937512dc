#if OpenWeights
  import Agents
  import Foundation
  import ModelFiles
  import Tensors

  /// A model in memory, with its files, and with an adapter where one is given.
  package struct LoadedModel: Sendable {
    package let files: OpenModel
    package let model: LanguageModel
    package let adapter: AdapterWeights?
    /// What it is called where answers are stored: the name of its file or folder, and of the adapter, each with a digest of it,
    /// since both are made again under the same name.
    package let name: String
    /// Where the tokens of answers are noted, for whoever learns from them.
    package var drawn: DrawnTokens?

    /// Where PEFT and converters find the model.
    package var path: String { URL(fileURLWithPath: files.path).standardizedFileURL.path }

    /// Reads the weights, which takes a second or two per hundred million parameters.
    ///
    /// - Parameter adapter: a folder that PEFT or ``AdapterFolder`` wrote.
    /// - Throws: `ModelFileError`, `ModelError`, `TensorError`.
    @TensorActor
    package static func open(_ path: String, adapter: String? = nil) throws -> LoadedModel {
      let files = try OpenModel.open(path)
      let model = try LanguageModel(files.configuration, weights: files.weights)
      return LoadedModel(
        files: files, model: model, adapter: try adapter.map { try AdapterFolder($0).read(for: files.configuration) },
        name: try name(path, adapter: adapter))
    }

    /// The same model with another adapter, or with none.
    package func with(_ adapter: AdapterWeights?, named name: String) -> LoadedModel {
      LoadedModel(files: files, model: model, adapter: adapter, name: name)
    }

    /// What ``name`` will be, without reading the weights.
    package static func name(_ path: String, adapter: String? = nil) throws -> String {
      let url = URL(fileURLWithPath: path)
      let file = url.pathExtension == "gguf" ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
      let base = "\(file)@\(try digest(of: path))"
      guard let adapter else { return base }
      let digest = try AdapterFolder(adapter).digest()
      return "\(base)+\(URL(fileURLWithPath: adapter).lastPathComponent)@\(digest)"
    }

    /// Of the weights and what stands beside them, in a few letters, since models of one name are many. Files are large: of each
    /// its size and pieces from end to end, so close that every layer is touched.
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
        // The first piece is the file's beginning, the last its end; a small file is one piece.
        for number in 0..<(size > piece ? pieces : 1) {
          try handle.seek(toOffset: size > piece ? (size - piece) * number / (pieces - 1) : 0)
          digest.add((try handle.read(upToCount: Int(piece)) ?? Data()).base64EncodedString())
        }
      }
      return String(digest.text.prefix(8))
    }
  }
#endif
