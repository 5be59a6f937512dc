import Foundation

/// Calls per second and their latency, recent ones most. Pure: the caller has the clock.
package struct CallRate: Sendable {
  /// Seconds after which a call counts 1/e.
  private let memory: Double
  private var weight = 0.0
  private var latencies = 0.0
  private var last = 0.0
  private var start: Double?

  package init(memory: Double = 60) { self.memory = memory }

  /// A call was answered.
  ///
  /// - Parameters:
  ///   - seconds: how long it took.
  ///   - time: in seconds; never goes back.
  package mutating func answered(seconds: Double, at time: Double) {
    let decay = exp(-max(time - last, 0) / memory)
    weight = weight * decay + 1
    latencies = latencies * decay + seconds
    last = max(time, last)
    start = min(start ?? .infinity, max(time - seconds, 0))
  }

  /// nil before the first answer.
  package func perSecond(at time: Double) -> Double? {
    guard let start, weight > 0, time > start else { return nil }
    return weight * exp(-max(time - last, 0) / memory) / (memory * (1 - exp(-(time - start) / memory)))
  }

  /// The mean of the latencies in seconds; nil before the first answer.
  package var latency: Double? { weight > 0 ? latencies / weight : nil }
}
