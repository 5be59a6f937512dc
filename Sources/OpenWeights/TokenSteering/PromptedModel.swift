import ModelFiles
import Tensors
import TokenSteering

/// A language model after a prompt, as a potential: the log-probability of what follows.
///
/// End tokens and tokens that begin with a stop text count as the end of the text. Special tokens are no text and
/// excluded, without renormalisation: the weights are those of the model itself.
public struct PromptedModel: Potential {
  private let model: NextTokens
  /// The prompt's tokens.
  package let prompt: [TokenID]
  /// Log-probabilities are those of softmax(logits / temperature).
  public let temperature: Double
  private let endings: TokenEndings

  /// - Parameters:
  ///   - stops: texts that end the answer, such as a line break.
  ///   - condition: a stop ends no text that this condition continues with it.
  ///   - whole: texts in bytes that end by themselves, whatever the model continues them with.
  /// - Throws: `ModelError` for an empty prompt or a temperature that is not above 0.
  package init(
    _ model: NextTokens, prompt: [TokenID], temperature: Double = 1, stops: [String] = [],
    condition: (any TokenCondition)? = nil, whole: Set<[UInt8]> = []
  ) throws(ModelError) {
    guard !prompt.isEmpty else { throw ModelError("The prompt is empty.") }
    guard temperature > 0, temperature.isFinite else {
      throw ModelError("The temperature is \(temperature); potentials need one above 0.")
    }
    (self.model, self.prompt, self.temperature) = (model, prompt, temperature)
    endings = TokenEndings(
      model.vocabulary, endTokens: model.endTokens, stopping: model.stopTokens(stops), condition: condition,
      whole: whole)
  }

  public var vocabulary: TokenVocabulary { model.vocabulary }

  /// Positions left after the prompt.
  package var room: Int { model.maximumPositions - prompt.count }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    let possible = prefixes.distinct.filter { !endings.excludes($0) }
    let split = possible.compactMap { prefix -> (prefix: [TokenID], before: [TokenID], cut: [TokenID])? in
      guard let last = prefix.last else { return nil }
      let before = Array(prefix.dropLast())
      let cut = endings.cut(at: last, after: before)
      return cut.isEmpty ? nil : (prefix, before, cut)
    }
    let logits = try await model.logits(after: (possible + split.map(\.before)).map { prompt + $0 })
    // Equal prefixes share one array.
    var next: [[TokenID]: NextLogWeights] = [:]
    for (prefix, logits) in zip(possible, logits) { next[prefix] = weights(after: prefix, logits) }
    for ((prefix, before, cut), logits) in zip(split, logits[possible.count...]) {
      next[prefix] = next[prefix].map { self.split($0, prefix[before.count], cut, logits) }
    }
    let excluded = NextLogWeights(excluding: vocabulary)
    return prefixes.map { next[$0] ?? excluded }
  }

  /// The weights after a prefix that has not ended with its last token.
  private func weights(after prefix: [TokenID], _ logits: [Float]) -> NextLogWeights {
    if endings.isWhole(prefix) {
      var next = NextLogWeights(excluding: vocabulary)
      next[nil] = 0
      return next
    }
    var next = NextLogWeights(logits: logits, temperature: temperature)
    next.move(endings.endTokens, to: nil)
    for (head, tokens) in endings.cuts(after: prefix) { next.move(tokens, to: head) }
    for token in endings.excluded { next[token] = -.infinity }
    return next
  }

  /// The prefix's mass contains that of tokens which write its last token and a stop, after which the text has ended.
  ///
  /// - Parameter logits: those before the last token.
  private func split(
    _ next: NextLogWeights, _ last: TokenID, _ cut: [TokenID], _ logits: [Float]
  ) -> NextLogWeights {
    func scaled(_ token: TokenID) -> Double { Double(logits[Int(token)]) / temperature }
    let (open, ended) = (scaled(last), NextLogWeights.logSum(cut.map(scaled)))
    let both = NextLogWeights.logSum([open, ended])
    var split = NextLogWeights(next.values.map { $0 + open - both })
    split[nil] = NextLogWeights.logSum([split.end, ended - both])
    return split
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    // Every beginning is asked about once, and the cache computes each token once.
    let beginnings = prefixes.flatMap { prefix in prefix.indices.map { Array(prefix[..<$0]) } }
    let distinct = beginnings.distinct.sorted { $0.count < $1.count }
    var next: [[TokenID]: NextLogWeights] = [:]
    for start in stride(from: 0, to: distinct.count, by: 64) {
      let batch = Array(distinct[start..<min(start + 64, distinct.count)])
      for (beginning, weights) in zip(batch, try await nextLogWeights(after: batch)) { next[beginning] = weights }
    }
    return prefixes.map { prefix in
      prefix.indices.reduce(0) { $0 + (next[Array(prefix[..<$1])]?[prefix[$1]] ?? -.infinity) }
    }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    let ends = try await nextLogWeights(after: texts).map(\.end)
    return zip(try await prefixLogWeights(of: texts), ends).map { $0 == -.infinity ? $0 : $0 + $1 }
  }
}
