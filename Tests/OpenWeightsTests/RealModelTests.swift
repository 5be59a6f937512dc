import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// SmolLM2-135M from its GGUF file, compared with MLX's llama in Python, which reads the file independently.
@Suite(.modelsInProcess, .enabled(if: Places.model != nil), .serialized)
struct RealModelTests {
  @TensorActor private static var read: LoadedModel?

  @TensorActor static func loaded() throws -> LoadedModel {
    if let read { return read }
    Engine.setThreads(1)
    let loaded = try LoadedModel.open(#require(Places.model))
    read = loaded
    return loaded
  }

  struct Text: Codable {
    let tokens: [Int32]
    let prompt: Int
  }

  struct Found: Decodable {
    let best: [Int32]
    let lead: [Float]
  }

  /// At every position of the answer, the reference's likeliest token is the answer's next token. One pass of the
  /// reference checks the whole greedy answer.
  @TensorActor @Test(.enabled(if: Places.python != nil)) func greedyTextIsTheReferences() async throws {
    let loaded = try Self.loaded()
    let encoder = try PromptEncoder(loaded.files, api: .chat, format: .plain)
    let generator = try Generator(model: loaded.model, tokenizer: loaded.files.tokenizer)
    func tokens(_ text: String) -> [Int32] { loaded.files.tokenizer.encode(text).map(Int32.init) }
    let prompts = [
      try encoder.prompt(Transcript(entries: [.prompt("Why is the sky blue?")])),
      tokens("Once upon a time, in a village by the sea,"),
    ]
    // For these texts only the logits are compared.
    var texts = ["def add(a, b):\n    return", "Seven times eight is", "Größe 42 – naïve café №"].map {
      Text(tokens: tokens($0), prompt: tokens($0).count)
    }
    try await withThrowingTaskGroup(of: Text.self) { group in
      for prompt in prompts {
        group.addTask {
          let answer = try await generator.generate(
            GenerationRequest(prompt: prompt, sampling: Sampling(temperature: 0, maxTokens: 64), seed: Seed(0)))
          return Text(tokens: prompt + answer.tokens, prompt: prompt.count)
        }
      }
      for try await text in group { texts.append(text) }
    }
    #expect(texts.count { $0.tokens.count - $0.prompt == 64 } == 2)
    try await Places.withFolder { folder in
      let (asked, out) = (folder.appendingPathComponent("texts.json"), folder.appendingPathComponent("out.json"))
      try JSONEncoder().encode(texts).write(to: asked)
      try Places.reference(["real", #require(Places.model), asked.path, out.path])
      let found = try JSONDecoder().decode([Found].self, from: Data(contentsOf: out))
      let first = try Data(contentsOf: URL(fileURLWithPath: out.path + ".floats"))
        .withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      let width = loaded.files.configuration.vocabulary
      #expect(first.count == texts.count * width)
      for (number, (text, found)) in zip(texts, found).enumerated() {
        let answer = Array(text.tokens[text.prompt...])
        #expect(found.best.dropLast() == answer[...])
        // No choice of a token depends on round-off.
        #expect(found.lead.dropLast().allSatisfy { $0 > 1e-4 })
        let logits = try loaded.logits(Array(text.tokens[..<text.prompt])).last ?? []
        // The tolerance covers thirty layers of float32 products in another order. The logits span some 40.
        expectClose(logits, Array(first[number * width..<(number + 1) * width]), 5e-3)
      }
    }
  }

  @TensorActor @Test func anAdapterMergesIntoTheWeights() throws {
    let loaded = try Self.loaded()
    let adapter = try TinyModel.adapter(
      AdapterConfiguration(rank: 4, alpha: 8, targets: [.query, .value, .down]), for: loaded, spread: 0.02)
    let merged = try LanguageModel(
      loaded.files.configuration,
      weights: Weights(adapter.merged(into: loaded.files.weights, of: loaded.files.configuration)))
    let text = loaded.files.tokenizer.encode("The harbour lies quiet, and the boats").map(Int32.init)
    func logits(_ model: LanguageModel, _ adapter: AdapterWeights?) throws -> [Float] {
      let hidden = try model.hiddenStates(text, attending: .segments([Segment(text.count)]), adapter: adapter)
      return try model.logits(hidden.rows(Tensor([Int32(text.count - 1)]))).values()
    }
    let (plain, adapted) = (try logits(loaded.model, nil), try logits(loaded.model, adapter))
    expectClose(try logits(merged, nil), adapted, 1e-4 * (adapted.map(abs).max() ?? 1))
    #expect(zip(plain, adapted).contains { abs($0 - $1) > 0.1 })
  }
}
