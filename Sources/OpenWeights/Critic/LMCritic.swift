#if OpenWeights
  import Agents
  import Foundation
  import ModelFiles
  import Tensors

  /// A critic that is a language model: the state in words is read once, the last hidden states are averaged over its tokens,
  /// and a linear head gives the distribution of the return-to-go over bins. Model and head were trained on the store, the
  /// model by a low-rank adapter.
  package struct LMCritic: TrainedCritic {
    /// What is written beside the weights.
    struct Record: Codable, Sendable {
      static let version = 2
      var version = Self.version
      var base: String
      var environment: WorldIdentity
      var policy: String
      /// The return that stands for each class, in reward units.
      var returns: [Double]
      /// Tokens of a state, at most: of a longer one the end is read.
      var context: Int
      var heldOutLoss: Double?
      var tasks: [TaskID]
      var marginal: ReturnDistribution
    }

    let record: Record
    let model: LanguageModel
    let tokenizer: Tokenizer
    let parameters: Parameters
    /// Tokens of one pass, about, before what states have in common is taken together.
    let tokensPerPass = 4096

    /// Adapter and head: the head is [classes, hidden], its bias [classes].
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

    /// What it was trained on, and the distribution of the return-to-go over all of that.
    package var tasks: [TaskID] { record.tasks }
    package var marginal: ReturnDistribution { record.marginal }
    /// In nats a state.
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
      // The newest is said last: where something must go, it is the beginning.
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
            throw ModelError("What it says is no number: its weights are broken. Train it again.")
          }
          result[place] = ReturnDistribution(returns: record.returns, probabilities: masses)
        }
        await Task.yield()
      }
      return result
    }

    /// [texts, classes]
    @TensorActor
    static func logProbabilities(
      of texts: [TokenSequence], model: LanguageModel, parameters: Parameters, checkpointing: Bool = false
    ) throws -> Tensor<Float> {
      let packed = try PackedSequences(texts)
      let hidden = try model.hiddenStates(
        packed.tokens, attending: .segments(packed.segments), adapter: parameters.adapter,
        checkpointing: checkpointing)
      // The mean over each text's own tokens, as a product with a matrix of shares.
      let rows = packed.tokens.count
      var shares = [Float](repeating: 0, count: texts.count * rows)
      for (number, path) in packed.paths.enumerated() {
        for row in path { shares[number * rows + Int(row)] = 1 / Float(path.count) }
      }
      // Over √hidden: the optimiser moves every weight of the head by as much, and together they would move the answer by all
      // of the state's length.
      let means = try Tensor(shares, shape: [texts.count, rows]).product(hidden) / Float(hidden.shape[1]).squareRoot()
      return try (means.product(transposed: parameters.head) + parameters.bias).logSoftmax()
    }
  }
#endif
