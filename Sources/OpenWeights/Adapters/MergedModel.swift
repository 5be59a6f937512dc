#if OpenWeights
  import Foundation
  import ModelFiles
  import Tensors

  /// A model with an adapter merged into its weights, as a Hugging Face folder that needs no adapter any more.
  package enum MergedModel {
    /// Writes the model as it is where no adapter is given: `model.safetensors` and `config.json`; what else the model's folder has (tokenizer, templates) is copied, and
    /// written out for a model that was read from a GGUF file.
    @TensorActor
    package static func write(_ base: LoadedModel, adapter: AdapterWeights? = nil, to path: String) throws {
      let files = FileManager.default
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      try SafetensorsFile.write(
        try (adapter ?? AdapterWeights([], tensors: [])).merged(into: base.files.weights, of: base.files.configuration),
        metadata: ["format": "pt"],
        to: "\(path)/model.safetensors")
      try base.files.writeCompanions(to: path)
    }
  }
#endif
