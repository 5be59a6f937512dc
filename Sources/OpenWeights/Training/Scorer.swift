import Tensors

/// Computes a model's figures of drawn tokens, in one pass over each text (teacher forcing).
@TensorActor
package struct Scorer {
  package let model: LanguageModel
  package let adapter: AdapterWeights?
  /// The temperature of the distribution: softmax(logits / temperature).
  package let temperature: Double
  /// The approximate number of tokens in a pass, before common beginnings are merged.
  package var rows = 4096

  package init(model: LanguageModel, adapter: AdapterWeights? = nil, temperature: Double = 1) {
    self.model = model
    self.adapter = adapter
    self.temperature = temperature
  }

  /// The figures of each sequence's drawn tokens.
  ///
  /// - Parameters:
  ///   - top: how many of the likeliest tokens to return at each position.
  ///   - progress: called with the number of finished sequences.
  package func figures(
    of sequences: [TokenSequence], top: Int = 0, progress: (@Sendable (Int) -> Void)? = nil
  ) async throws -> [[TokenFigures]] {
    var result = [[TokenFigures]](repeating: [], count: sequences.count)
    var done = 0
    for batch in Self.batches(of: sequences, rows: rows) {
      try Task.checkCancellation()
      let figures = try figures(ofBatch: batch.map { sequences[$0] }, top: top)
      var next = 0
      for place in batch {
        result[place] = Array(figures[next..<next + sequences[place].drawn.count])
        next += sequences[place].drawn.count
      }
      done += batch.count
      progress?(done)
      await Task.yield()
    }
    return result
  }

  /// The figures of all drawn tokens of one pass, one after another.
  func figures(ofBatch sequences: [TokenSequence], top: Int) throws -> [TokenFigures] {
    let packed = try PackedSequences(sequences)
    guard packed.count > 0 else { return [] }
    let hidden = try model.hiddenStates(packed.tokens, attending: .segments(packed.segments), adapter: adapter)
    try evaluate([hidden])
    var figures: [TokenFigures] = []
    for piece in stride(from: 0, to: packed.count, by: 256) {
      let range = piece..<min(piece + 256, packed.count)
      figures += try model.logits(hidden.rows(Tensor(Array(packed.rows[range])))).tokenFigures(
        of: Array(packed.targets[range]), temperature: Float(temperature),
        allowed: packed.allowed.isEmpty ? [] : Array(packed.allowed[range]), top: top)
    }
    return figures
  }

  /// Groups sequences into batches of about `rows` tokens, with common beginnings together.
  nonisolated static func batches(of sequences: [TokenSequence], rows: Int) -> [[Int]] {
    let order = sequences.indices.sorted {
      sequences[$0].tokens.lexicographicallyPrecedes(sequences[$1].tokens)
    }
    return Sharpener.parts(order, tokens: { sequences[$0].tokens.count }, most: rows)
  }
}
