import Agents
import Foundation
import ModelFiles
import Tensors

/// A language model as a critic. It reads the state as text, and its last hidden states are averaged over the tokens.
/// A linear head gives the distribution of the return-to-go over bins. The head and a low-rank adapter of the model
/// were trained on the store.
package struct LMCritic: TrainedCritic {
  /// The record written beside the weights.
  struct Record: Codable, Sendable {
    static let version = 2
    var version = Self.version
    var base: String
    var environment: WorldIdentity
    var policy: String
    /// The return that stands for each class, in reward units.
    var returns: [Double]
    /// The most tokens of a state. Of a longer text only the end is read.
    var context: Int
    var heldOutLoss: Double?
    var tasks: [TaskID]
    var marginal: ReturnDistribution
  }

  let record: Record
  let model: LanguageModel
  let tokenizer: Tokenizer
  let parameters: Parameters
  /// The approximate number of tokens in a pass, before common beginnings are merged.
  let tokensPerPass = 4096

  /// The adapter and the head. The head is [classes, hidden], its bias [classes].
  @TensorActor
  struct Parameters {
    var adapter: AdapterWeights
    var head: Tensor<Float>
    var bias: Tensor<Float>

    var tensors: [Tensor<Float>] { adapter.tensors + [head, bias] }

    func replacing(_ tensors: [Tensor<Float>]) -> Parameters {
      var copy = self
      copy.adapter = adapter.replacing(Array(tensors.dropLast(2)))
      copy.head = tensors[tensors.count - 2]
      copy.bias = tensors[tensors.count - 1]
      return copy
    }
  }

  /// The training tasks. `marginal` is the distribution of the return-to-go over all of them.
  package var tasks: [TaskID] { record.tasks }
  package var marginal: ReturnDistribution { record.marginal }
  /// The mean over held-out states, in nats.
  package var heldOutLoss: Double? { record.heldOutLoss }

  package var identity: String {
    "lm \(record.base) of \(record.policy), \(record.returns.count) bins, \(record.heldOutLoss.map { String(format: "%.4f", $0) } ?? "")"
  }

  package func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    do { return try await distributions(of: states.map { text(of: $0) }) } catch is CancellationError {
      throw CriticError(.cancelled, "The run was stopped.")
    } catch {
      throw CriticError(.failed, "The language-model critic failed: \(error)")
    }
  }

  private func text(of state: CriticState) -> TokenSequence {
    Self.text(of: state, tokenizer, context: record.context)
  }

  static func text(of state: CriticState, _ tokenizer: Tokenizer, context: Int) -> TokenSequence {
    // The newest part of the state is at the end, so a long text is truncated at the beginning.
    TokenSequence(tokens: tokenizer.encode(state.text).suffix(context).map(Int32.init), drawn: [])
  }

  @TensorActor
  private func distributions(of texts: [TokenSequence]) async throws -> [ReturnDistribution?] {
    var result = [ReturnDistribution?](repeating: nil, count: texts.count)
    for batch in Scorer.batches(of: texts, rows: tokensPerPass) {
      try Task.checkCancellation()
      let values = try Self.logProbabilities(of: batch.map { texts[$0] }, model: model, parameters: parameters)
        .exponential().values()
      let width = record.returns.count
      for (row, place) in batch.enumerated() {
        let masses = values[row * width..<(row + 1) * width].map(Double.init)
        guard masses.allSatisfy(\.isFinite), masses.contains(where: { $0 > 0 }) else {
          throw ModelError("The critic's value is not a number: its weights are broken. Train it again.")
        }
        result[place] = ReturnDistribution(returns: record.returns, probabilities: masses)
      }
      await Task.yield()
    }
    return result
  }

  /// The log-probability of each class, [texts, classes].
  @TensorActor
  static func logProbabilities(
    of texts: [TokenSequence], model: LanguageModel, parameters: Parameters, checkpointing: Bool = false
  ) throws -> Tensor<Float> {
    let packed = try PackedSequences(texts)
    let hidden = try model.hiddenStates(
      packed.tokens, attending: .segments(packed.segments), adapter: parameters.adapter,
      checkpointing: checkpointing)
    // The mean over each text's own tokens, computed as a product with a matrix of weights.
    let rows = packed.tokens.count
    var shares = [Float](repeating: 0, count: texts.count * rows)
    for (number, path) in packed.paths.enumerated() {
      for row in path { shares[number * rows + Int(row)] = 1 / Float(path.count) }
    }
    // Divided by √hidden: the optimiser moves every weight of the head by the same amount, and the sum of these
    // changes over a wide state would be too large.
    let means = try Tensor(shares, shape: [texts.count, rows]).product(hidden) / Float(hidden.shape[1]).squareRoot()
    return try (means.product(transposed: parameters.head) + parameters.bias).logSoftmax()
  }
}
