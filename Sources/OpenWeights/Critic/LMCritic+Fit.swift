#if OpenWeights
  import Agents
  import Foundation
  import Tensors

  extension LMCritic {
    public struct Settings: Sendable, Hashable, Codable {
      public var adapter = AdapterConfiguration(rank: 8, alpha: 16)
      public var optimiser = OptimiserSettings(learningRate: 3e-4, warmUp: 10)
      public var steps = 150
      /// States of one optimiser step.
      public var batch = 32
      /// Steps between two looks at the held-out states; the best is kept.
      public var evaluateEvery = 25
      /// Held-out states that are looked at.
      public var looks = 256
      public var context = 256
      public var tokensPerPass = 2048
      public var checkpointing = true
      public var seed: UInt64 = 0

      public init() {}
    }

    /// A state and what was still to come from it.
    public struct Example: Sendable {
      public let state: CriticState
      /// In bins of the return-to-go.
      public let bin: Int

      public init(state: CriticState, bin: Int) {
        self.state = state
        self.bin = bin
      }
    }

    /// Trains on `examples`, and keeps what does best on ``Settings/looks`` of `heldOut`, which are of other tasks.
    ///
    /// - Parameters:
    ///   - returns: the return that stands for each bin.
    ///   - report: told the step, its loss and, where it was looked at, the held-out loss in nats.
    @TensorActor
    public static func fit(
      _ examples: [Example], heldOut: [Example], returns: [Double], marginal: ReturnDistribution, tasks: [TaskID],
      environment: EnvironmentIdentity, policy: String, base: LoadedModel, settings: Settings,
      report: @Sendable (_ step: Int, _ loss: Double, _ heldOutLoss: Double?) -> Void = { _, _, _ in }
    ) async throws -> LMCritic {
      guard !examples.isEmpty, !returns.isEmpty else {
        throw CriticError(.tooLittleData, "There are no states to learn from.")
      }
      if let wrong = (examples + heldOut).first(where: { !returns.indices.contains($0.bin) }) {
        throw CriticError(.failed, "A state is in bin \(wrong.bin), and there are \(returns.count).")
      }
      let shape = base.files.configuration
      let seed = Seed(settings.seed).split("lm critic")
      // The head begins at nothing, its bias at the classes' shares: the first prediction is the constant one.
      var counts = [Double](repeating: 1, count: returns.count)
      for example in examples { counts[example.bin] += 1 }
      let total = counts.reduce(0, +)
      var parameters = Parameters(
        adapter: try AdapterWeights(settings.adapter, for: shape, seed: seed.split("adapter")),
        head: try Tensor(repeating: 0, shape: [returns.count, shape.hiddenSize]),
        bias: try Tensor(counts.map { Float(log($0 / total)) }))
      var optimiser = try AdamW(settings.optimiser, for: parameters.tensors)
      let tokens = examples.map { Self.tokens(of: $0.state, base.files.tokenizer, context: settings.context) }
      // As many as tell one step from another: reading all of them would take longer than learning.
      var drawing = seed.split("held out").generator()
      let heldOut = drawing.drawn(settings.looks, from: heldOut)
      let held = heldOut.map { Self.tokens(of: $0.state, base.files.tokenizer, context: settings.context) }
      var best = (loss: Double.infinity, parameters: parameters)
      func look() async throws -> Double? {
        guard !heldOut.isEmpty else { return nil }
        var sum = 0.0
        for batch in Sharpener.parts(Array(held.indices), tokens: { held[$0].count }, most: settings.tokensPerPass) {
          try Task.checkCancellation()
          let rows = try logProbabilities(of: batch.map { held[$0] }, model: base.model, parameters: parameters)
          sum -= try rows.picking(Tensor(batch.map { Int32(heldOut[$0].bin) })).values().reduce(0) { $0 + Double($1) }
          await Task.yield()
        }
        let loss = sum / Double(heldOut.count)
        if loss < best.loss { best = (loss, parameters) }
        return loss
      }
      report(0, 0, try await look())
      for step in 1...max(1, settings.steps) {
        try Task.checkCancellation()
        var generator = seed.split("batch").split(step).generator()
        let chosen = (0..<settings.batch).map { _ in generator.number(below: examples.count) }
        var parts: [[Tensor<Float>]] = []
        var sum = 0.0
        for part in Sharpener.parts(chosen, tokens: { tokens[$0].count }, most: settings.tokensPerPass) {
          let present = parameters
          let model = base.model
          let targets = part.map { Int32(examples[$0].bin) }
          let texts = part.map { tokens[$0] }
          let (values, gradients) = try valueAndGradient(of: present.tensors) { inputs throws(TensorError) in
            do {
              let rows = try logProbabilities(
                of: texts, model: model, parameters: present.replacing(inputs), checkpointing: settings.checkpointing)
              return [try rows.picking(Tensor(targets)).sum() * (-1 / Float(settings.batch))]
            } catch let error as TensorError { throw error } catch { throw TensorError("critic", "\(error)") }
          }
          try evaluate(values + gradients)
          sum += Double(try values[0].scalar())
          parts.append(gradients)
        }
        var tensors = parameters.tensors
        _ = try optimiser.update(&tensors, gradients: try AdapterTrainer.sum(parts))
        parameters = parameters.replacing(tensors)
        let isLook = step % settings.evaluateEvery == 0 || step == settings.steps
        report(step, sum, isLook ? try await look() : nil)
        await Task.yield()
      }
      return LMCritic(
        record: Record(
          base: base.name, environment: environment, policy: policy, returns: returns, context: settings.context,
          heldOutLoss: heldOut.isEmpty ? nil : best.loss, tasks: tasks, marginal: marginal),
        model: base.model, tokenizer: base.files.tokenizer, parameters: heldOut.isEmpty ? parameters : best.parameters)
    }
  }
#endif
