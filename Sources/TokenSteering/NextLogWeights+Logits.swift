import Foundation

extension NextLogWeights {
  /// The log-probabilities of softmax(logits / temperature), in one place because it is done for every particle at every token.
  ///
  /// - Parameters:
  ///   - ends: tokens whose mass together is that of the end of the text.
  ///   - closed: tokens that get −∞, without renormalisation.
  package init(logits: [Float], temperature: Double, ends: [TokenID], closed: [TokenID]) {
    let scale = Float(1 / temperature)
    var largest = -Float.infinity
    for logit in logits where logit > largest { largest = logit }
    var sum = 0.0
    // Single precision: the logits have no more. Their sum needs more.
    for logit in logits { sum += Double(exp((logit - largest) * scale)) }
    let logSum = log(sum)
    var values = [Double](unsafeUninitializedCapacity: logits.count + 1) { buffer, count in
      for token in logits.indices {
        buffer.initializeElement(at: token, to: Double((logits[token] - largest) * scale) - logSum)
      }
      buffer.initializeElement(at: logits.count, to: -.infinity)
      count = logits.count + 1
    }
    let end = ends.reduce(0) { $0 + exp(values[Int($1)]) }
    for token in closed { values[Int(token)] = -.infinity }
    if end > 0 { values[logits.count] = log(end) }
    self.init(values)
  }
}
