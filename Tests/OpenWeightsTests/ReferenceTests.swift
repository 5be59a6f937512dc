import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Compares with MLX's own models in Python: random models of every family, as Hugging Face folders.
@Suite(.modelsInProcess, .enabled(if: Places.python != nil), .serialized)
struct ReferenceTests {
  struct Expected: Decodable {
    let texts: [[Int32]]
    let logits: [[[Float]]]
  }

  /// The output of the reference, computed once for all tests.
  static let reference = Result {
    let folder = try Places.folder()
    try Places.reference(["tiny", folder.path])
    return folder
  }

  @TensorActor
  @Test(arguments: [
    "llama", "llama-tied", "llama-one-key-head", "llama-bias", "llama3", "llama-linear", "qwen2", "qwen2-tied",
    "qwen3",
    "qwen3-tied",
  ])
  func logitsAreTheReferences(family: String) async throws {
    let folder = try Self.reference.get().appendingPathComponent(family)
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
    let loaded = try LoadedModel.open(folder.path)
    for (text, logits) in zip(expected.texts, expected.logits) {
      let flat = logits.flatMap { $0 }
      expectClose(try loaded.logits(text).flatMap { $0 }, flat, 1e-4, "\(family), \(text.count) tokens")
      // The compared logits are not constant.
      #expect((flat.max() ?? 0) - (flat.min() ?? 0) > 0.5)
    }
    // All texts in one pass, and each in pieces through a cache.
    let whole = try loaded.model.logits(
      loaded.model.hiddenStates(
        expected.texts.flatMap { $0 }, attending: .segments(expected.texts.map { Segment($0.count) }))
    ).values()
    expectClose(whole, expected.logits.flatMap { $0.flatMap { $0 } }, 1e-4, "\(family) together")
    let generator = try Generator(
      model: loaded.model, tokenizer: loaded.files.tokenizer, settings: .init(rows: 13, cacheBytes: 1 << 24))
    let prompt = expected.texts[3]
    let answer = try await generator.generate(
      GenerationRequest(prompt: prompt, sampling: Sampling(temperature: 0, maxTokens: 1), seed: Seed(0)))
    let last = expected.logits[3][prompt.count - 1]
    #expect(last[Int(answer.tokens[0])] > (last.max() ?? 0) - 1e-4)
  }
}
