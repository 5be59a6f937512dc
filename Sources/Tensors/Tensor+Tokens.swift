import CMLX

/// Figures of one token under a distribution over tokens.
package struct TokenFigures: Sendable, Hashable {
  /// The log-probability of the token, in nats.
  package var logProbability: Float
  /// The entropy of the distribution, in nats.
  package var entropy: Float
  /// The likeliest tokens with their log-probabilities, best first.
  package var best: [(token: Int32, logProbability: Float)]

  package init(logProbability: Float, entropy: Float, best: [(token: Int32, logProbability: Float)] = []) {
    self.logProbability = logProbability
    self.entropy = entropy
    self.best = best
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.logProbability == b.logProbability && a.entropy == b.entropy && a.best.elementsEqual(b.best, by: ==)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(logProbability)
    hasher.combine(entropy)
    for entry in best {
      hasher.combine(entry.token)
      hasher.combine(entry.logProbability)
    }
  }
}

/// Settings for drawing a token from a row of logits.
package struct TokenDraw: Sendable {
  /// 0 takes the likeliest token.
  package var temperature: Float
  /// Nucleus sampling: draws come from the likeliest tokens with this share of the mass; 1 for all tokens.
  package var topP: Float
  /// The uniform random number that decides the draw, in [0, 1).
  package var uniform: Double
  /// The allowed tokens; empty for all.
  package var allowed: [Int32]

  package init(temperature: Float, topP: Float, uniform: Double, allowed: [Int32] = []) {
    self.temperature = temperature
    self.topP = topP
    self.uniform = uniform
    self.allowed = allowed
  }
}

extension Tensor where Element == Float {
  /// The figures of one target for each row of logits [m, n], under softmax(logits / temperature).
  ///
  /// - Parameters:
  ///   - allowed: for each row the tokens that the distribution is confined to, empty for all. May be left out.
  ///   - top: how many of the likeliest tokens to return.
  package func tokenFigures(
    of targets: [Int32], temperature: Float = 1, allowed: [[Int32]] = [], top: Int = 0
  ) throws(TensorError) -> [TokenFigures] {
    let rows = targets.count
    guard shape.count == 2, shape[0] == rows, allowed.isEmpty || allowed.count == rows else {
      throw TensorError("token figures", shapes: [shape], "There are \(rows) targets and \(allowed.count) lists.")
    }
    guard top >= 0 else {
      throw TensorError(
        "token figures", shapes: [shape], "The number of likeliest tokens is \(top); it must be 0 or more.")
    }
    let top = min(top, shape[1])
    var (logProbabilities, entropies) = ([Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows))
    var best = [Int32](repeating: 0, count: rows * top)
    var bestLogProbabilities = [Float](repeating: 0, count: rows * top)
    let sizes = allowed.map { Int32($0.count) }
    let failed = withExtendedLifetime(handle) {
      cx_token_figures(
        handle.pointer, temperature, targets, allowed.flatMap { $0 }, sizes.isEmpty ? nil : sizes,
        Int32(top), &logProbabilities, &entropies, &best, &bestLogProbabilities)
    }
    if failed != 0 { throw TensorError("token figures", shapes: [shape], lastError()) }
    return (0..<rows).map { row in
      TokenFigures(
        logProbability: logProbabilities[row], entropy: entropies[row],
        best: (row * top..<(row + 1) * top).filter { best[$0] >= 0 }.map { (best[$0], bestLogProbabilities[$0]) })
    }
  }

  /// Draws a token for each row of logits [m, n], with its log-probability before `topP` truncates the distribution.
  package func sampled(_ draws: [TokenDraw]) throws(TensorError) -> [(token: Int32, logProbability: Float)] {
    guard shape.count == 2, shape[0] == draws.count else {
      throw TensorError("sample", shapes: [shape], "There are \(draws.count) draws.")
    }
    var tokens = [Int32](repeating: 0, count: draws.count)
    var logProbabilities = [Float](repeating: 0, count: draws.count)
    let failed = withExtendedLifetime(handle) {
      cx_sample(
        handle.pointer, draws.map(\.temperature), draws.map(\.topP), draws.map(\.uniform),
        draws.flatMap(\.allowed), draws.map { Int32($0.allowed.count) }, &tokens, &logProbabilities)
    }
    if failed != 0 { throw TensorError("sample", shapes: [shape], lastError()) }
    return Array(zip(tokens, logProbabilities))
  }
}
