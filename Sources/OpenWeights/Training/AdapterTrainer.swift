#if OpenWeights
  import Tensors

  /// What a step has to make small, as a function of log-probabilities.
  ///
  /// - Parameters:
  ///   - logProbabilities: log softmax over the vocabulary at some of the batch's rows, [rows, vocabulary].
  ///   - rows: which ones, as places among the batch's drawn tokens.
  /// - Returns: a scalar, their share of the loss.
  typealias RowLoss =
    @TensorActor (
      _ logProbabilities: Tensor<Float>, _ rows: Range<Int>
    ) throws(TensorError) -> Tensor<Float>

  /// Trains the adapter of a frozen model, step by step.
  @TensorActor
  final class AdapterTrainer {
    let model: LanguageModel
    /// What the frozen model carries already, where it was taught something before.
    private let frozen: AdapterWeights?
    private(set) var adapter: AdapterWeights
    private(set) var optimiser: AdamW
    /// Keep only what lies between layers, and compute the rest again: about half the memory, 10 to 20 % more time.
    let checkpointing: Bool
    /// Rows of logits in memory at a time.
    private let chunk = 128

    init(
      _ model: LanguageModel, frozen: AdapterWeights? = nil, adapter: AdapterWeights, optimiser: OptimiserSettings,
      checkpointing: Bool
    ) throws {
      self.model = model
      self.frozen = frozen
      self.adapter = adapter
      self.optimiser = try AdamW(optimiser, for: adapter.tensors)
      self.checkpointing = checkpointing
    }

    /// Goes on where an earlier training stood.
    func resume(_ adapter: AdapterWeights, _ optimiser: AdamW) {
      self.adapter = adapter
      self.optimiser = optimiser
    }

    /// The loss of a batch and its gradient.
    func gradient(
      of sequences: [TokenSequence], temperature: Double = 1, _ loss: @escaping RowLoss
    ) throws -> (loss: Double, gradients: [Tensor<Float>]) {
      let packed = try PackedSequences(sequences)
      guard packed.count > 0 else { throw ModelError("A batch has no drawn token to learn from.") }
      var failure: (any Error)?
      do {
        let (values, gradients) = try valueAndGradient(of: adapter.tensors) { [self] parameters throws(TensorError) in
          do {
            let hidden = try model.hiddenStates(
              packed.tokens, attending: .segments(packed.segments), adapter: adapter.replacing(parameters),
              checkpointing: checkpointing)
            return [try self.loss(hidden, packed, temperature: temperature, loss)]
          } catch let error as TensorError { throw error } catch {
            failure = error
            throw TensorError("hidden states", "\(error)")
          }
        }
        try evaluate(values + gradients)
        return (Double(try values[0].scalar()), gradients)
      } catch { throw failure ?? error }
    }

    /// Chunk by chunk, each of which keeps no logits for its gradient.
    private func loss(
      _ hidden: Tensor<Float>, _ packed: PackedSequences, temperature: Double, _ loss: @escaping RowLoss
    ) throws(TensorError) -> Tensor<Float> {
      var total: Tensor<Float>?
      for start in stride(from: 0, to: packed.count, by: chunk) {
        let range = start..<min(start + chunk, packed.count)
        let rows = try hidden.rows(Tensor(Array(packed.rows[range])))
        let part = try checkpointed([rows]) { [model] inputs throws(TensorError) in
          let logProbabilities = try model.logProbabilities(inputs[0], packed, range, temperature: temperature)
          return [try loss(logProbabilities, range)]
        }[0]
        total = try total.map { sum throws(TensorError) in try sum + part } ?? part
      }
      guard let total else { throw TensorError("loss", "There are no rows.") }
      return total
    }

    /// Moves the adapter by the sum of the gradients of a batch's parts; the sum's norm.
    func step(_ parts: [[Tensor<Float>]]) throws -> Double {
      var parameters = adapter.tensors
      let norm = try optimiser.update(&parameters, gradients: try Self.sum(parts))
      adapter = adapter.replacing(parameters)
      return norm
    }

    /// Passes over a step that had nothing to learn: neither the adapter nor the optimiser's memory changes. Its norm, 0.
    func skip() -> Double {
      optimiser.skip()
      return 0
    }

    /// Gradients added place by place.
    static func sum(_ parts: [[Tensor<Float>]]) throws(TensorError) -> [Tensor<Float>] {
      guard var sum = parts.first else { return [] }
      for more in parts.dropFirst() {
        for place in sum.indices { sum[place] = try sum[place] + more[place] }
      }
      return sum
    }

    /// What the frozen model says at the drawn tokens, computed piece by piece as the loss asks for it: all of it at once would be
    /// as many numbers as the vocabulary has for each token.
    func frozenLogProbabilities(
      of sequences: [TokenSequence], temperature: Double = 1
    ) throws -> @TensorActor (Range<Int>) throws(TensorError) -> Tensor<Float> {
      let packed = try PackedSequences(sequences)
      let hidden = try model.hiddenStates(packed.tokens, attending: .segments(packed.segments), adapter: frozen)
        .rows(Tensor(packed.rows))
      try evaluate([hidden])
      return { [model] range throws(TensorError) in
        let rows = try hidden.rows(Tensor(range.map(Int32.init)))
        return try model.logProbabilities(rows, packed, range, temperature: temperature)
      }
    }
  }

  extension LanguageModel {
    /// log softmax(logits / temperature) of hidden states, over the tokens that each row is confined to.
    func logProbabilities(
      _ hidden: Tensor<Float>, _ packed: PackedSequences, _ range: Range<Int>, temperature: Double
    ) throws(TensorError) -> Tensor<Float> {
      var logits = try logits(hidden)
      if temperature != 1 { logits = try logits / Float(temperature) }
      if packed.allowed[safe: range].contains(where: { !$0.isEmpty }) {
        logits = try logits + mask(Array(packed.allowed[range]))
      }
      return try logits.logSoftmax()
    }

    /// 0 where a token is allowed, and so little elsewhere that its share is 0.
    private func mask(_ allowed: [[Int32]]) throws(TensorError) -> Tensor<Float> {
      let width = configuration.vocabulary
      var values = [Float](repeating: 0, count: allowed.count * width)
      for (row, tokens) in allowed.enumerated() where !tokens.isEmpty {
        for place in row * width..<(row + 1) * width { values[place] = -1e9 }
        for token in tokens { values[row * width + Int(token)] = 0 }
      }
      return try Tensor(values, shape: [allowed.count, width])
    }
  }

  extension Array {
    /// The elements in `range`; none where the array is empty.
    fileprivate subscript(safe range: Range<Int>) -> ArraySlice<Element> { isEmpty ? [] : self[range] }
  }
#endif
