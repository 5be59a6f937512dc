import Synchronization

/// Lets as many calls through at a time as a ``ConcurrencyLimit`` says, first come, first served.
///
/// The first call goes alone: a wrong key, a wrong model or a server that is not there costs one call, not as many as there are
/// particles.
package final class AdaptiveGate: Sendable {
  private struct State {
    var limit: ConcurrencyLimit
    var running = 0
    /// A call was let through.
    var hasBegun = false
    /// The server has answered something.
    var isOpen = false
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Where in `waiting` the line begins.
    var head = 0

    var allowed: Int { isOpen ? limit.allowed : 1 }

    /// Who may go on now, taken out of the line.
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

  /// How many may be in flight now.
  package var allowed: Int { state.withLock { $0.limit.allowed } }

  /// Fewer are let through than the most there may be.
  package var isReduced: Bool { state.withLock { $0.limit.allowed < $0.limit.most } }

  /// The longest that the first call goes alone, in seconds: a refusal is quick, an answer may take its time.
  private static let patienceAlone = 5.0

  /// Waits for a place. Also when cancelled, since what follows answers to cancellation.
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

  /// Takes a place where one is free.
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
    /// An answer that says nothing about how much the server can take.
    case failed
    /// No answer at all.
    case silent
  }

  /// Gives the place back.
  /// - Returns: the limit before and after, where it fell.
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
