import Synchronization

/// Limits concurrent calls to a ``ConcurrencyLimit``, first come, first served.
///
/// The first call runs alone, so a wrong key, a wrong model or a missing server costs one call instead of one per
/// particle.
package final class AdaptiveGate: Sendable {
  private struct State {
    var limit: ConcurrencyLimit
    var running = 0
    /// Whether a call has been admitted.
    var hasBegun = false
    /// Whether the server has answered anything.
    var isOpen = false
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// The index in `waiting` at which the queue begins.
    var head = 0

    var allowed: Int { isOpen ? limit.allowed : 1 }

    /// Removes the calls that may run now from the queue and returns them.
    mutating func admitted() -> [CheckedContinuation<Void, Never>] {
      var next: [CheckedContinuation<Void, Never>] = []
      while running < allowed, head < waiting.count {
        next.append(waiting[head])
        head += 1
        running += 1
      }
      if head > 1_000 || head == waiting.count {
        waiting.removeFirst(head)
        head = 0
      }
      return next
    }
  }

  private let state: Mutex<State>
  private let isAdaptive: Bool

  package init(most: Int, isAdaptive: Bool) {
    state = Mutex(State(limit: ConcurrencyLimit(most: most)))
    self.isAdaptive = isAdaptive
  }

  /// The number of calls that may be in flight now.
  package var allowed: Int { state.withLock { $0.limit.allowed } }

  /// Whether the limit is below its maximum.
  package var isReduced: Bool { state.withLock { $0.limit.allowed < $0.limit.most } }

  /// The longest time that the first call runs alone, in seconds: refusals are quick, but an answer may take long.
  private static let patienceAlone = 5.0

  /// Waits for a place, even when cancelled: the call that follows handles cancellation.
  package func enter() async {
    let (isIn, isFirst) = state.withLock { state in
      guard state.running < state.allowed else { return (false, false) }
      state.running += 1
      defer { state.hasBegun = true }
      return (true, !state.hasBegun)
    }
    if isFirst {
      Task { [weak self] in
        try? await Task.sleep(for: .seconds(Self.patienceAlone))
        self?.open()
      }
    }
    if isIn { return }
    await withCheckedContinuation { continuation in
      let isIn = state.withLock { state in
        guard state.running < state.allowed else {
          state.waiting.append(continuation)
          return false
        }
        state.running += 1
        return true
      }
      if isIn { continuation.resume() }
    }
  }

  /// Takes a place if one is free.
  package func tryEnter() -> Bool {
    state.withLock { state in
      guard state.running < state.allowed else { return false }
      state.running += 1
      return true
    }
  }

  private func open() {
    let next = state.withLock { state in
      state.isOpen = true
      return state.admitted()
    }
    for continuation in next { continuation.resume() }
  }

  package enum Outcome {
    case answered(seconds: Double)
    case refused
    /// An answer that does not indicate the server's capacity.
    case failed
    /// No answer.
    case silent
  }

  /// Returns the place.
  ///
  /// - Returns: the limit before and after, if it fell.
  @discardableResult
  package func leave(_ outcome: Outcome) -> (before: Int, after: Int)? {
    let (next, fall) = state.withLock { state in
      let before = state.limit.allowed
      if isAdaptive {
        switch outcome {
        case .answered(let seconds): state.limit.note(answerAfter: seconds)
        case .refused: state.limit.noteRefusal()
        case .failed, .silent: break
        }
      }
      if case .silent = outcome {} else { state.isOpen = true }
      let after = state.limit.allowed
      state.running -= 1
      return (state.admitted(), after < before ? (before, after) : nil)
    }
    for continuation in next { continuation.resume() }
    return fall
  }
}
