/// How many requests may be in flight: additive increase, multiplicative decrease, in rounds of as many requests as are allowed at
/// a time.
///
/// A few refusals say that the server's rate is used up and cost nothing, so that a share of them is tolerated; past it the limit
/// falls in proportion to the share refused, as DCTCP's window does (RFC 8257, 3.3). It also falls where answers take twice as long
/// as they used to: the server then queues what it is sent.
///
/// A value without a clock, so that it is tested without a server.
package struct ConcurrencyLimit: Sendable {
  /// The share of a round that may be refused before the limit falls.
  package static let toleratedShare = 0.2
  /// The fall where answers become slower.
  package static let slowFactor = 0.8
  /// How many answers make a latency worth judging by, and by how many seconds it has to rise: less is the machine's own noise.
  private static let (leastAnswers, leastRise) = (32, 0.1)

  package let most: Int
  /// At least 1 and at most `most`.
  package private(set) var value: Double
  private var answered = 0
  private var refused = 0
  private var latencies = 0
  /// The latency of the last dozen answers or so, in seconds, and of the last few hundred.
  private var recent = 0.0
  private var usual = 0.0

  package init(most: Int) {
    self.most = max(most, 1)
    value = Double(self.most)
  }

  /// How many may be in flight now.
  package var allowed: Int { Int(value) }

  /// The server answered.
  package mutating func note(answerAfter seconds: Double) {
    latencies += 1
    // Means over all there is, until there is enough for weights that forget.
    recent += (seconds - recent) * max(0.1, 1 / Double(latencies))
    usual += (seconds - usual) * max(0.005, 1 / Double(latencies))
    answered += 1
    endRoundWhereDue()
  }

  /// The server asked for less: 429.
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
      // What is slow now is usual from here on: a server that has become slower for good is not choked.
      (usual, latencies) = (recent, 1)
    } else {
      value = min(Double(most), value + 1)
    }
  }
}
