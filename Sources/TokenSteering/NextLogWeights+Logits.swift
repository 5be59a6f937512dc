import Foundation

extension NextLogWeights {
  /// The log-probabilities of softmax(logits / temperature), in one place because it is done for every particle at every token.
  /// The end of the text has −∞.
  package init(logits: [Float], temperature: Double) {
    let scale = Float(1 / temperature)
    var largest = -Float.infinity
    for logit in logits where logit > largest { largest = logit }
    var sum = 0.0
    // Single precision: the logits have no more. Their sum needs more.
    for logit in logits { sum += Double(exp((logit - largest) * scale)) }
    let logSum = log(sum)
    self.init(
      [Double](unsafeUninitializedCapacity: logits.count + 1) { buffer, count in
        for token in logits.indices {
          buffer.initializeElement(at: token, to: Double((logits[token] - largest) * scale) - logSum)
        }
        buffer.initializeElement(at: logits.count, to: -.infinity)
        count = logits.count + 1
      })
  }

  /// Adds the mass of tokens to that of another one, or of the end for nil. They get −∞.
  package mutating func move(_ tokens: [TokenID], to place: TokenID?) {
    // By logarithms, because probabilities below e^−745 are 0.
    self[place] = Self.logSum(tokens.map { self[$0] } + [self[place]])
    for token in tokens { self[token] = -.infinity }
  }
}
