import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// The fast precision against 32-bit floats, on the real model.
@Suite(
  .modelsInProcess, .enabled("the processor lacks the instructions") { await PackedMatrix.isSupported },
  .enabled(if: Places.model != nil), .serialized)
struct PrecisionTests {
  @TensorActor private static var read: LoadedModel?

  @TensorActor static func fast() throws -> LoadedModel {
    if let read { return read }
    let loaded = try LoadedModel.open(#require(Places.model), precision: .fast)
    read = loaded
    return loaded
  }

  static let texts = [
    "Once upon a time, in a village by the sea, there lived an old fisherman who had never learned to swim.",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n",
    "The boiling point of water at sea level is 100 degrees Celsius, which is 212 degrees Fahrenheit.",
  ]

  @TensorActor @Test func logProbabilitiesAreWithinTheTolerance() throws {
    let (exact, fast) = (try RealModelTests.loaded(), try Self.fast())
    var (sum, count, worst, agreeing, rows) = (0.0, 0, 0.0, 0, 0)
    for text in Self.texts {
      let tokens = exact.files.tokenizer.encode(text).map(Int32.init)
      func table(_ loaded: LoadedModel) throws -> [Float] {
        let hidden = try loaded.model.hiddenStates(tokens, attending: .segments([Segment(tokens.count)]))
        return try loaded.model.logits(hidden).logSoftmax().values()
      }
      let (one, other) = (try table(exact), try table(fast))
      let width = exact.files.configuration.vocabulary
      for row in tokens.indices {
        let range = row * width..<(row + 1) * width
        let (a, b) = (one[range], other[range])
        rows += 1
        if a.firstIndex(of: a.max() ?? 0) == b.firstIndex(of: b.max() ?? 0) { agreeing += 1 }
        // Tokens that are drawn at all: those with a probability above one in a million.
        for (x, y) in zip(a, b) where x > -13.8 {
          sum += Double(abs(x - y))
          count += 1
          worst = max(worst, Double(abs(x - y)))
        }
      }
    }
    let mean = sum / Double(count)
    print("fast against exact: mean \(mean) nats, most \(worst), same likeliest token at \(agreeing) of \(rows)")
    // Measured: 0.096 and 1.06.
    #expect(mean < 0.12)
    #expect(worst < 1.5)
    #expect(Double(agreeing) / Double(rows) > 0.9)
  }

  /// To the last bit.
  @TensorActor @Test func anAnswerDoesNotDependOnTheOthersOfItsBatch() async throws {
    let loaded = try Self.fast()
    let prompts = Self.texts.map { loaded.files.tokenizer.encode($0).map(Int32.init) }
    func answer(_ generator: Generator, _ place: Int) async throws -> Generation {
      try await generator.generate(
        GenerationRequest(
          prompt: prompts[place], sampling: Sampling(temperature: 1, maxTokens: 12), seed: Seed(UInt64(place))))
    }
    var alone: [Generation] = []
    for place in prompts.indices {
      alone.append(
        try await answer(Generator(model: loaded.model, tokenizer: loaded.files.tokenizer), place))
    }
    let shared = try Generator(model: loaded.model, tokenizer: loaded.files.tokenizer)
    let together = try await withThrowingTaskGroup(of: (Int, Generation).self) { group in
      for place in prompts.indices { group.addTask { (place, try await answer(shared, place)) } }
      var found: [Int: Generation] = [:]
      for try await (place, answer) in group { found[place] = answer }
      return found
    }
    for place in prompts.indices {
      #expect(together[place]?.tokens == alone[place].tokens)
      #expect(together[place]?.logProbabilities == alone[place].logProbabilities)
    }
  }

  /// What is scored is what was drawn from, up to the order of sums in the attention.
  @TensorActor @Test func scoringAgreesWithDrawing() async throws {
    let loaded = try Self.fast()
    let prompt = loaded.files.tokenizer.encode(Self.texts[0]).map(Int32.init)
    let drawn = try await Generator(model: loaded.model, tokenizer: loaded.files.tokenizer).generate(
      GenerationRequest(prompt: prompt, sampling: Sampling(temperature: 1, maxTokens: 16), seed: Seed(3)))
    let sequence = TokenSequence(
      tokens: prompt + drawn.tokens, drawn: Array(prompt.count..<prompt.count + drawn.tokens.count))
    let scored = try await Scorer(model: loaded.model).figures(of: [sequence])[0].map(\.logProbability)
    let differences = zip(scored, drawn.logProbabilities).map { abs($0 - $1) }
    print("scored against drawn: most \(differences.max() ?? 0) nats")
    // Measured: 0.204. Small differences in the order of sums are amplified by rounding to 8 bits.
    #expect(differences.allSatisfy { $0 < 0.3 })
  }

  @TensorActor @Test func gradientsPointWhereThoseOfFloatsPoint() throws {
    func gradient(_ loaded: LoadedModel) throws -> [Float] {
      let tokens = loaded.files.tokenizer.encode(Self.texts[2]).map(Int32.init)
      let adapter = try TinyModel.adapter(
        AdapterConfiguration(rank: 4, alpha: 8, targets: [.query, .value, .down]), for: loaded, spread: 0.02)
      let trainer = try AdapterTrainer(
        loaded.model, adapter: adapter, optimiser: OptimiserSettings(), checkpointing: false)
      let sequence = TokenSequence(tokens: tokens, drawn: Array(1..<tokens.count))
      let targets = Array(tokens.dropFirst())
      return try trainer.gradient(of: [sequence]) { logProbabilities, rows throws(TensorError) in
        try logProbabilities.picking(Tensor(Array(targets[rows]))).sum() * -1
      }.gradients.flatMap { try $0.values() }
    }
    let (a, b) = (try gradient(RealModelTests.loaded()), try gradient(Self.fast()))
    func product(_ x: [Float], _ y: [Float]) -> Double { zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let cosine = product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    print("cosine of the gradients: \(cosine), lengths \((product(b, b) / product(a, a)).squareRoot())")
    #expect(cosine > 0.98)
  }
}
