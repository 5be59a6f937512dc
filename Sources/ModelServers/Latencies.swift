import Synchronization

/// The latest latencies of a server, by which stragglers are detected.
package final class Latencies: Sendable {
  private static let (least, most) = (20, 256)
  private let window = Mutex<(values: [Double], next: Int)>(([], 0))

  package func note(_ seconds: Double) {
    window.withLock {
      if $0.values.count < Self.most {
        $0.values.append(seconds)
      } else {
        $0.values[$0.next] = seconds
        $0.next = ($0.next + 1) % Self.most
      }
    }
  }

  /// The `quantile` of the latest latencies, in seconds; nil while there are too few.
  package func quantile(_ quantile: Double) -> Double? {
    let sorted = window.withLock(\.values).sorted()
    guard sorted.count >= Self.least else { return nil }
    return sorted[max(0, Int((quantile * Double(sorted.count)).rounded(.up)) - 1)]
  }
}
