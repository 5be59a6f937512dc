import Foundation
import ModelFiles
import Tensors

/// A model with an adapter merged into its weights, as a Hugging Face folder that no longer needs the adapter.
package enum MergedModel {
  /// Writes `model.safetensors` and `config.json`; without an adapter the weights are unchanged. The other files of
  /// the model's folder (tokenizer, templates) are copied. For a model read from a GGUF file they are generated.
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
