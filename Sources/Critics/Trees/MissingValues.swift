import Synchronization

/// The number of values requested from a critic, and the number that are missing.
public struct ValueCounts: Sendable, Hashable {
  /// The number of answers received, refusals included.
  public internal(set) var asked = 0
  /// The number of answers from which no value could be read.
  public internal(set) var missing = 0
}

/// Counts shared by all copies of a critic.
final class ValueCounter: Sendable {
  private let counts = Mutex(ValueCounts())

  var current: ValueCounts { counts.withLock(\.self) }

  func note<Value>(_ values: [Value?]) {
    let missing = values.count { $0 == nil }
    counts.withLock {
      $0.asked += values.count
      $0.missing += missing
    }
  }
}
