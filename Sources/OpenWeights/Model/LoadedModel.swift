#if OpenWeights
  import Foundation
  import ModelFiles
  import Tensors

  /// A model in memory, with its files, and with an adapter where one is given.
  public struct LoadedModel: Sendable {
    public let files: OpenModel
    public let model: LanguageModel
    public let adapter: AdapterWeights?
    /// What it is called where answers are stored: the name of its file or folder, and of the adapter with a digest of it, since
    /// an adapter is trained again under the same name.
    public let name: String

    /// Reads the weights, which takes a second or two per hundred million parameters.
    ///
    /// - Parameter adapter: a folder that PEFT or ``AdapterFolder`` wrote.
    /// - Throws: `ModelFileError`, `ModelError`, `TensorError`.
    @TensorActor
    public static func open(_ path: String, adapter: String? = nil) throws -> LoadedModel {
      let files = try OpenModel.open(path)
      let model = try LanguageModel(files.configuration, weights: files.weights)
      return LoadedModel(
        files: files, model: model, adapter: try adapter.map { try AdapterFolder($0).read(for: files.configuration) },
        name: try name(path, adapter: adapter))
    }

    /// The same model with another adapter, or with none.
    public func with(_ adapter: AdapterWeights?, named name: String) -> LoadedModel {
      LoadedModel(files: files, model: model, adapter: adapter, name: name)
    }

    /// What ``name`` will be, without reading the weights.
    public static func name(_ path: String, adapter: String? = nil) throws -> String {
      let url = URL(fileURLWithPath: path)
      let base = url.pathExtension == "gguf" ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
      guard let adapter else { return base }
      let digest = try AdapterFolder(adapter).digest()
      return "\(base)+\(URL(fileURLWithPath: adapter).lastPathComponent)@\(digest)"
    }
  }
#endif
