import Synchronization

/// A bounded queue before a backend that may be slow or down. Adding never waits: what does not fit is dropped and
/// counted, with the reason.
final class Outbox<Item: Sendable>: Sendable {
  /// What became of a batch.
  struct Delivery: Sendable {
    /// How many items, from the first, are done with.
    var done: Int
    var trouble: Trouble?
    /// How many of the items that are done were rejected by the backend, and why.
    var rejected: (count: Int, reason: String)?

    init(done: Int, trouble: Trouble? = nil) { (self.done, self.trouble) = (done, trouble) }
  }

  /// Why the items after those that are done were not delivered.
  enum Trouble: Sendable {
    /// It may pass. `after` is the wait in seconds that the backend asks for.
    case passing(String, after: Double?)
    /// It will not pass for the next `items`, which are dropped.
    case final(String, items: Int)
  }

  private struct State {
    var items: [Item] = []
    var isClosed = false
    var sleeper: Task<Void, Never>?
    var sent = 0
    /// How many batches were delivered, in part at least.
    var moves = 0
    var losses: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let capacity: Int
  private let most: Int
  private let linger: Double
  /// What an item counts as, such as its number of spans.
  private let weight: @Sendable (Item) -> Int

  /// - Parameters:
  ///   - capacity: items that wait, at most.
  ///   - most: items of a batch, at most.
  ///   - linger: how long an incomplete batch waits for more items, in seconds.
  init(capacity: Int, most: Int, linger: Double, weight: @escaping @Sendable (Item) -> Int = { _ in 1 }) {
    (self.capacity, self.most, self.linger, self.weight) = (capacity, most, linger, weight)
  }

  /// Adds an item, if there is room or `isEssential`.
  func add(_ item: Item, isEssential: Bool = false) {
    state.withLock {
      if $0.items.count < capacity || isEssential, !$0.isClosed {
        $0.items.append(item)
      } else {
        $0.losses["the queue was full", default: 0] += weight(item)
      }
    }
  }

  /// Counts what was never added.
  func lose(_ count: Int, _ reason: String) {
    guard count > 0 else { return }
    state.withLock { $0.losses[reason, default: 0] += count }
  }

  /// Ends the work as soon as everything is delivered.
  func close() {
    state.withLock {
      $0.isClosed = true
      $0.sleeper?.cancel()
    }
  }

  /// Drops everything that is left.
  func abandon(_ reason: String) {
    let left = state.withLock { state in
      defer { state.items = [] }
      return state.items.reduce(0) { $0 + weight($1) }
    }
    lose(left, reason)
  }

  /// What was delivered, and what was not by reason.
  var tally: (sent: Int, losses: [String: Int]) { state.withLock { ($0.sent, $0.losses) } }

  /// Grows with everything that is delivered.
  var moves: Int { state.withLock(\.moves) }

  /// Delivers batches until the outbox is closed and empty, or the task is cancelled.
  func work(_ deliver: ([Item]) async -> Delivery) async {
    var tries = 0
    while !Task.isCancelled {
      let (batch, isClosed) = state.withLock { (Array($0.items.prefix(most)), $0.isClosed) }
      if batch.isEmpty, isClosed { return }
      guard !batch.isEmpty else {
        await pause(linger)
        continue
      }
      let delivery = await deliver(batch)
      if Task.isCancelled, delivery.trouble != nil { return }
      let wait = settle(delivery, of: batch, tries: &tries)
      if let wait { await pause(wait) } else if isShort { await pause(linger) }
    }
  }

  /// Whether less than a batch waits.
  private var isShort: Bool { state.withLock { $0.items.count < most && !$0.isClosed } }

  /// The tries of a batch while the run goes on. At its end a batch is tried once.
  private static var mostTries: Int { 4 }
  /// The longest wait that a backend may ask for, in seconds.
  private static var longestWait: Double { 10 }

  /// - Returns: the seconds to wait before the next try; nil for none.
  private func settle(_ delivery: Delivery, of batch: [Item], tries: inout Int) -> Double? {
    var gone = delivery.done
    var (loss, wait): ((reason: String, items: ArraySlice<Item>)?, Double?) = (nil, nil)
    let isClosed = state.withLock(\.isClosed)
    switch delivery.trouble {
    case nil: tries = 0
    case .final(let reason, let items)?:
      tries = 0
      loss = (reason, batch[gone..<min(gone + items, batch.count)])
    case .passing(let reason, let after)?:
      tries = delivery.done > 0 ? 1 : tries + 1
      if tries >= Self.mostTries || isClosed {
        loss = (reason, batch[gone...])
        tries = 0
      } else {
        // A backend may say anything.
        let asked = after.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        wait = min(asked ?? 0.5 * Double(1 << tries) / 2, Self.longestWait)
      }
    }
    gone += loss?.items.count ?? 0
    let done = batch.prefix(delivery.done).reduce(0) { $0 + weight($1) }
    let rejected = min(max(delivery.rejected?.count ?? 0, 0), done)
    state.withLock {
      $0.items.removeFirst(min(gone, $0.items.count))
      $0.sent += done - rejected
      if delivery.done > 0 { $0.moves += 1 }
      if let loss { $0.losses[loss.reason, default: 0] += loss.items.reduce(0) { $0 + weight($1) } }
      if rejected > 0, let reason = delivery.rejected?.reason { $0.losses[reason, default: 0] += rejected }
    }
    return wait
  }

  /// Waits, at most until the outbox is closed.
  private func pause(_ seconds: Double) async {
    let sleeper = Task { _ = try? await Task.sleep(for: .seconds(seconds)) }
    state.withLock {
      $0.sleeper = sleeper
      if $0.isClosed { sleeper.cancel() }
    }
    await withTaskCancellationHandler {
      await sleeper.value
    } onCancel: {
      sleeper.cancel()
    }
  }
}

/// What a backend did not get.
package struct TrackingLoss: Sendable {
  /// The tracker, as the configuration names it.
  package let tracker: String
  /// What was sent and lost, in the plural.
  package let unit: String
  package let sent: Int
  /// How many were lost, by reason.
  package let losses: [String: Int]

  /// One remark for the end of the run; nil if nothing was lost.
  package var text: String? {
    let lost = losses.values.reduce(0, +)
    guard lost > 0 else { return nil }
    let reasons = losses.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value): \($0.key)" }
    return "tracking.\(tracker): \(lost) of \(lost + sent) \(unit) were dropped (\(reasons.joined(separator: "; ")))."
  }
}
