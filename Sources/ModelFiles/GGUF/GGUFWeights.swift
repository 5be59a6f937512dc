/// The tensors of a GGUF file under Hugging Face's names and in its layout.
///
/// Converters to GGUF permute the rows of q and k of architecture `llama` for RoPE on neighbouring pairs. This type
/// reverses the permutation, so that its users rotate halves as Hugging Face does. Source: `permute` in llama.cpp's
/// `convert_hf_to_gguf.py`.
package struct GGUFWeights: WeightFile {
  package let names: [String]
  private let file: GGUFFile
  /// By Hugging Face's name.
  private let tensors: [String: GGUFTensor]
  /// The number of heads whose rows are permuted, by the suffix of the name; empty if no rows are.
  private let permutedHeads: [String: Int]

  package init(_ file: GGUFFile) throws(ModelFileError) {
    self.file = file
    var tensors: [String: GGUFTensor] = [:]
    // The factors of Llama 3's RoPE are not weights; the configuration reads them.
    for tensor in file.tensors.values where tensor.name != "rope_freqs.weight" {
      let name = GGUFNames.huggingFace(tensor.name)
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw ModelFileError(.malformed, file.path, "Two tensors stand for \(quoted(name)).")
      }
    }
    self.tensors = tensors
    names = tensors.keys.sorted()
    guard file.metadata["general.architecture"]?.string == "llama" else {
      permutedHeads = [:]
      return
    }
    let fields = ModelFields(file, prefix: "llama.")
    let heads = try fields.integer("attention.head_count", in: 1...ModelConfiguration.Limits.heads)
    let keyValueHeads = try fields.integer(
      "attention.head_count_kv", in: 1...ModelConfiguration.Limits.heads, default: heads)
    permutedHeads = [
      "q_proj.weight": heads, "q_proj.bias": heads, "k_proj.weight": keyValueHeads, "k_proj.bias": keyValueHeads,
    ]
  }

  package func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  package func floats(of name: String) throws(ModelFileError) -> [Float] {
    let tensor = try tensor(name)
    return try unpermuted(try file.floats(of: tensor), of: tensor, name)
  }

  package func blocks(of name: String, in types: Set<UInt32>) throws(ModelFileError) -> WeightBlocks? {
    let tensor = try tensor(name)
    guard types.contains(tensor.type.number), let block = tensor.type.block, block.values > 1 else { return nil }
    return WeightBlocks(
      type: tensor.type.number, bytes: try unpermuted(try file.bytes(of: tensor), of: tensor, name))
  }

  private func tensor(_ name: String) throws(ModelFileError) -> GGUFTensor {
    guard let tensor = tensors[name] else {
      throw ModelFileError(.inconsistent, file.path, "There is no tensor \(quoted(name)) in this file.")
    }
    return tensor
  }

  /// Reverses the permutation of the tensor's rows, if it has one.
  private func unpermuted<Value>(
    _ values: [Value], of tensor: GGUFTensor, _ name: String
  ) throws(ModelFileError) -> [Value] {
    guard let heads = permutedHeads.first(where: { name.hasSuffix($0.key) })?.value else { return values }
    let rows = tensor.shape.first ?? 0
    guard rows > 0, rows % (2 * heads) == 0 else {
      throw ModelFileError(
        .inconsistent, file.path,
        "\(quoted(name)) has \(rows) rows, which cannot be divided into \(heads) heads of an even size.")
    }
    return unpermuted(values, rows: rows, heads: heads)
  }

  /// Moves rows 2j and 2j + 1 of each head to rows j and j + half.
  private func unpermuted<Value>(_ values: [Value], rows: Int, heads: Int) -> [Value] {
    let width = values.count / rows
    let half = rows / heads / 2
    return [Value](unsafeUninitializedCapacity: values.count) { result, count in
      values.withUnsafeBufferPointer { values in
        for row in 0..<rows {
          let (head, place) = row.quotientAndRemainder(dividingBy: 2 * half)
          let target = head * 2 * half + place % 2 * half + place / 2
          for column in 0..<width {
            result.initializeElement(at: target * width + column, to: values[row * width + column])
          }
        }
      }
      count = values.count
    }
  }
}
