import Tensors

/// The loss of a step as a function of log-probabilities.
///
/// - Parameters:
///   - logProbabilities: log softmax over the vocabulary at some of the batch's rows, [rows, vocabulary].
///   - rows: the positions of these rows among the batch's drawn tokens.
/// - Returns: the rows' share of the loss, a scalar.
typealias RowLoss =
  @TensorActor (
    _ logProbabilities: Tensor<Float>, _ rows: Range<Int>
  ) throws(TensorError) -> Tensor<Float>

/// Trains an adapter of a frozen model step by step.
@TensorActor
final class AdapterTrainer {
  let model: LanguageModel
  /// An adapter that the frozen model already has, if it was tuned before.
  private let frozen: AdapterWeights?
  private(set) var adapter: AdapterWeights
  private(set) var optimiser: AdamW
  /// Keeps only the states between layers, and recomputes the rest: about half the memory, 10 to 20 % more time.
  let checkpointing: Bool
  /// The number of rows of logits in memory at a time.
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

  /// Resumes an earlier training.
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

  /// Computed in chunks. The logits are recomputed for the gradient, so that no chunk keeps them.
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

  /// Updates the adapter with the sum of the gradients of a batch's parts. Returns the norm of the sum.
  func step(_ parts: [[Tensor<Float>]]) throws -> Double {
    var parameters = adapter.tensors
    let norm = try optimiser.update(&parameters, gradients: try Self.sum(parts))
    adapter = adapter.replacing(parameters)
    return norm
  }

  /// Skips a step with nothing to learn. The adapter and the optimiser's means stay unchanged. Returns 0 as the norm.
  func skip() -> Double {
    optimiser.skip()
    return 0
  }

  /// Adds gradients tensor by tensor.
  static func sum(_ parts: [[Tensor<Float>]]) throws(TensorError) -> [Tensor<Float>] {
    guard var sum = parts.first else { return [] }
    for more in parts.dropFirst() {
      for place in sum.indices { sum[place] = try sum[place] + more[place] }
    }
    return sum
  }

  /// The frozen model's log-probabilities at the drawn tokens. They are computed range by range on request, since all
  /// of them at once would take a row of the vocabulary's size for each token.
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
  /// log softmax(logits / temperature) of hidden states, over the allowed tokens of each row.
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

  /// 0 for allowed tokens, and a value so low for the others that their probability is 0.
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
  /// The elements in `range`; empty if the array is empty.
  fileprivate subscript(safe range: Range<Int>) -> ArraySlice<Element> { isEmpty ? [] : self[range] }
}
