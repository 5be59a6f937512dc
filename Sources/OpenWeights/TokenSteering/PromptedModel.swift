import ModelFiles
import Tensors
import TokenSteering

/// A language model after a prompt, as a potential: the log-probability of what follows.
///
/// All end tokens count as the end of the text. Special tokens are no text and excluded, without renormalisation: the
/// weights are those of the model itself.
public struct PromptedModel: Potential {
  private let model: NextTokens
  /// The prompt's tokens.
  package let prompt: [TokenID]
  /// Log-probabilities are those of softmax(logits / temperature).
  public let temperature: Double
  /// Bytes that end the text, such as a line break. Tokens that begin with them count as the end; tokens that have them
  /// further on are excluded.
  private let stops: [[UInt8]]
  private let endings: TokenEndings

  /// - Parameter stops: texts that end the answer.
  /// - Throws: `ModelError` for an empty prompt or a temperature that is not above 0.
  package init(
    _ model: NextTokens, prompt: [TokenID], temperature: Double = 1, stops: [String] = []
  ) throws(ModelError) {
    guard !prompt.isEmpty else { throw ModelError("The prompt is empty.") }
    guard temperature > 0, temperature.isFinite else {
      throw ModelError("The temperature is \(temperature); potentials need one above 0.")
    }
    (self.model, self.prompt, self.temperature) = (model, prompt, temperature)
    self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
    endings = TokenEndings(model.vocabulary, endTokens: model.endTokens, stops: self.stops)
  }

  public var vocabulary: TokenVocabulary { model.vocabulary }

  /// The tokens that an answer may have beside the prompt.
  package var room: Int { model.maximumPositions - prompt.count }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    let logits = try await model.logits(after: prefixes.map { prompt + $0 })
    return zip(prefixes, logits).map { prefix, logits in
      endings.excludes(prefix)
        ? NextLogWeights(excluding: vocabulary)
        : NextLogWeights(logits: logits, temperature: temperature, ends: endings.ends, closed: endings.closed)
    }
  }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    // Every beginning is asked about once, and the cache computes each token once.
    let beginnings = prefixes.flatMap { prefix in prefix.indices.map { Array(prefix[..<$0]) } }
    let distinct = Array(Set(beginnings)).sorted { $0.count < $1.count }
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

/// Which tokens end a text, and which cannot be part of one.
struct TokenEndings: Sendable {
  /// Tokens whose mass is that of the end.
  let ends: [TokenID]
  /// Tokens that cannot be drawn: ends, special tokens, tokens that write a stop text in their middle.
  let closed: [TokenID]
  private let isClosed: Set<TokenID>

  init(_ vocabulary: TokenVocabulary, endTokens: [TokenID], stops: [[UInt8]]) {
    var (ends, closed) = (Set(endTokens), Set(endTokens))
    for (token, bytes) in vocabulary.tokens.enumerated() {
      if bytes.isEmpty { closed.insert(TokenID(token)) }
      for stop in stops {
        if bytes.starts(with: stop) {
          ends.insert(TokenID(token))
          closed.insert(TokenID(token))
        } else if bytes.count > stop.count, bytes.indices.contains(where: { bytes[$0...].starts(with: stop) }) {
          closed.insert(TokenID(token))
        }
      }
    }
    (self.ends, self.closed, isClosed) = (ends.sorted(), closed.sorted(), closed)
  }

  func excludes(_ prefix: [TokenID]) -> Bool { prefix.contains(where: isClosed.contains) }
}
