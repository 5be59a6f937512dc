import Synchronization

/// How many values a critic was asked for, and how many it could not give.
public struct ValueCounts: Sendable, Hashable {
  /// The number of answers received, refusals included.
  public internal(set) var asked = 0
  /// The number of answers from which no value could be read.
  public internal(set) var missing = 0
}

/// Counts for all copies of a critic together.
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
