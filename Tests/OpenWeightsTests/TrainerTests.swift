import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// The gradient of the adapter through a whole model, and the optimiser.
@Suite(.modelsInProcess) struct TrainerTests {
  @TensorActor
  static func trainer(
    _ model: LoadedModel, _ adapter: AdapterWeights, checkpointing: Bool = false,
    optimiser: OptimiserSettings = OptimiserSettings()
  ) throws -> AdapterTrainer {
    try AdapterTrainer(model.model, adapter: adapter, optimiser: optimiser, checkpointing: checkpointing)
  }

  static let sequences: [TokenSequence] = {
    let common = TinyModel.text(12, seed: 30)
    return (0..<3).map { number in
      TokenSequence(
        prompt: common + TinyModel.text(number, seed: 31), answer: TinyModel.text(4, seed: UInt64(32 + number)),
        allowed: number == 1 ? TinyModel.text(4, seed: 33).map { [$0, 5, 9, 60] } : [])
    }
  }()

  static var targets: [Int32] { sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } } }

  /// Weighted cross-entropy, the part that all losses share.
  @TensorActor static let loss: RowLoss = { logProbabilities, rows throws(TensorError) in
    let weights = rows.map { Float($0 % 3) - 0.8 }
    return try (logProbabilities.picking(Tensor(Array(targets[rows]))) * Tensor(weights)).sum()
  }

  /// Compares with central differences along random directions. A direction covers all matrices of one kind.
  @TensorActor @Test(arguments: ["llama", "qwen2", "qwen3"], [1.0, 0.7])
  func gradientsAreFiniteDifferences(type: String, temperature: Double) throws {
    let model = try TinyModel.make(changes: ["model_type": type])
    let adapter = try TinyModel.adapter(for: model)
    // The allowed tokens must include the drawn one.
    let sequences = Self.sequences.map { sequence in
      var copy = sequence
      copy.allowed = zip(sequence.allowed, sequence.drawn).map { $0 + [sequence.tokens[$1]] }.map { Array(Set($0)) }
      return copy
    }
    let (_, gradients) = try Self.trainer(model, adapter).gradient(
      of: sequences, temperature: temperature, Self.loss)
    func value(_ tensors: [Tensor<Float>]) throws -> Double {
      // Summed in doubles from the rows' figures, since the loss itself is summed in floats and too inexact.
      let scorer = Scorer(model: model.model, adapter: adapter.replacing(tensors), temperature: temperature)
      return try scorer.figures(ofBatch: sequences, top: 0).enumerated().reduce(0) {
        $0 + Double(Float($1.offset % 3) - 0.8) * Double($1.element.logProbability)
      }
    }
    var generator = Seed(40).generator()
    let kinds = 2 * Projection.allCases.count
    for kind in 0..<kinds {
      let directions = try adapter.tensors.enumerated().map { place, tensor in
        try Tensor(
          (0..<tensor.count).map { _ in place % kinds == kind ? Float(generator.normal()) : 0 }, shape: tensor.shape)
      }
      let slope = try zip(gradients, directions).reduce(0.0) { try $0 + Double(($1.0 * $1.1).sum().scalar()) }
      func difference(_ step: Float) throws -> Double {
        let up = try zip(adapter.tensors, directions).map { try $0 + $1 * step }
        let down = try zip(adapter.tensors, directions).map { try $0 - $1 * step }
        return (try value(up) - value(down)) / Double(2 * step)
      }
      let step: Float = 1.0 / 256
      let near = try difference(step)
      let truncation = abs(try difference(2 * step) - near) / 3
      // Twelve log-probabilities of up to 10 nats. Each is off by some 30 units in the last place after two layers.
      let roundOff = 30 * Double(Float.ulpOfOne) * 10 * 12.0.squareRoot() / Double(step)
      #expect(abs(slope - near) < roundOff + 2 * truncation, "\(kind): \(slope), not \(near)")
      #expect(abs(near) > 2 * roundOff, "\(kind): \(near) is no larger than round-off")
    }
  }

  @TensorActor @Test func checkpointsAndPartsChangeNothing() throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny)
    let plain = try Self.trainer(tiny, adapter).gradient(of: Self.sequences.dropLast(), Self.loss)
    let again = try Self.trainer(tiny, adapter, checkpointing: true).gradient(
      of: Self.sequences.dropLast(), Self.loss)
    #expect(abs(plain.loss - again.loss) < 1e-6)
    for (a, b) in zip(plain.gradients, again.gradients) {
      let size = try a.values().map(abs).max() ?? 0
      expectClose(try b.values(), try a.values(), 1e-6 * max(1, size))
    }
    // Parts of a batch. Every row has the same weight here.
    let trainer = try Self.trainer(tiny, adapter)
    func gradient(_ sequences: [TokenSequence]) throws -> (loss: Double, gradients: [Tensor<Float>]) {
      let targets = sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } }
      return try trainer.gradient(of: sequences) { logProbabilities, rows throws(TensorError) in
        try logProbabilities.picking(Tensor(Array(targets[rows]))).sum() * -0.25
      }
    }
    let free = Self.sequences.map { TokenSequence(tokens: $0.tokens, drawn: $0.drawn) }
    let whole = try gradient(free)
    let parts = try free.map { try gradient([$0]) }
    #expect(abs(whole.loss - parts.reduce(0) { $0 + $1.loss }) < 1e-5)
    for (place, sum) in try AdapterTrainer.sum(parts.map(\.gradients)).enumerated() {
      let values = try whole.gradients[place].values()
      // The magnitude of the parts, which may be larger than their sum. The tolerance is some 30 units in the last
      // place after two layers.
      let size = try parts.reduce(Float(0)) { try $0 + ($1.gradients[place].values().map(abs).max() ?? 0) }
      expectClose(try sum.values(), values, 32 * .ulpOfOne * size)
      #expect((values.map(abs).max() ?? 0) > 1e-3)
    }
  }

  /// More drawn tokens than one chunk of logits holds.
  @TensorActor @Test func chunksAddUp() throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny)
    let text = TinyModel.text(300, seed: 50)
    let sequence = TokenSequence(tokens: text, drawn: Array(1..<300))
    let (loss, _) = try Self.trainer(tiny, adapter).gradient(of: [sequence]) { rows, range throws(TensorError) in
      try rows.picking(Tensor(range.map { text[$0 + 1] })).sum() * -1
    }
    let figures = try Scorer(model: tiny.model, adapter: adapter).figures(ofBatch: [sequence], top: 0)
    let expected = figures.reduce(0) { $0 - Double($1.logProbability) }
    #expect(abs(loss - expected) < 1e-5 * expected)
    // The rows of the frozen model equal those without an adapter.
    let frozen = try Self.trainer(tiny, adapter).frozenLogProbabilities(of: [sequence])
    let plain = try tiny.logits(text)
    for range in [0..<128, 128..<256, 256..<299] {
      let values = try frozen(range).values()
      #expect(values.count == range.count * 64)
      for (place, row) in range.enumerated() {
        let shares = logProbabilities(plain[row])
        expectClose(
          Array(values[place * 64..<(place + 1) * 64]), (0..<64).map { Float(shares[$0] ?? 0) }, 1e-4)
      }
    }
  }

  @TensorActor @Test func nothingDrawnIsAnError() throws {
    let tiny = try TinyModel.shared()
    let trainer = try Self.trainer(tiny, TinyModel.adapter(for: tiny))
    for sequences in [[], [TokenSequence(tokens: [1, 2], drawn: [])]] as [[TokenSequence]] {
      #expect(throws: ModelError.self) { try trainer.gradient(of: sequences, Self.loss) }
    }
    #expect(throws: ModelError.self) {
      try trainer.gradient(of: [TokenSequence(tokens: [1, 99], drawn: [1])], Self.loss)
    }
  }
}
