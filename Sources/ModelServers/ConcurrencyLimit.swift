/// The number of requests that may be in flight: additive increase, multiplicative decrease. A round has as many
/// requests as are allowed at a time.
///
/// A few refusals only show that the server's rate is used up, and cost nothing, so a share of them is tolerated. Above
/// that share the limit falls in proportion to the share refused, like DCTCP's window (RFC 8257, 3.3). It also falls if
/// answers take twice as long as usual, since the server then queues requests.
///
/// A value without a clock, so that tests need no server.
package struct ConcurrencyLimit: Sendable {
  /// The share of a round that may be refused without lowering the limit.
  package static let toleratedShare = 0.2
  /// The factor by which the limit falls when answers become slower.
  package static let slowFactor = 0.8
  /// The least number of answers before latencies are judged, and the least rise in seconds: smaller rises are noise.
  private static let (leastAnswers, leastRise) = (32, 0.1)

  package let most: Int
  /// At least 1 and at most `most`.
  package private(set) var value: Double
  private var answered = 0
  private var refused = 0
  private var latencies = 0
  /// Moving averages of the latency in seconds, over about a dozen answers and over a few hundred.
  private var recent = 0.0
  private var usual = 0.0

  package init(most: Int) {
    self.most = max(most, 1)
    value = Double(self.most)
  }

  /// The number of requests that may be in flight now.
  package var allowed: Int { Int(value) }

  /// Records an answer.
  package mutating func note(answerAfter seconds: Double) {
    latencies += 1
    // Plain means at first; exponential averages once there are enough answers.
    recent += (seconds - recent) * max(0.1, 1 / Double(latencies))
    usual += (seconds - usual) * max(0.005, 1 / Double(latencies))
    answered += 1
    endRoundWhereDue()
  }

  /// Records a refusal for load (429).
  package mutating func noteRefusal() {
    refused += 1
    endRoundWhereDue()
  }

  private mutating func endRoundWhereDue() {
    guard answered + refused >= allowed else { return }
    let share = Double(refused) / Double(answered + refused)
    (answered, refused) = (0, 0)
    if share > Self.toleratedShare {
      value = max(1, value * (1 - share / 2))
    } else if latencies >= Self.leastAnswers, recent > 2 * usual, recent > usual + Self.leastRise {
      value = max(1, value * Self.slowFactor)
      // The present latency becomes the usual one: a server that has become slower for good is not overloaded.
      (usual, latencies) = (recent, 1)
    } else {
      value = min(Double(most), value + 1)
    }
  }
}
