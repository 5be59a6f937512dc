import Synchronization

/// A value that one task produces and another awaits. The wait ends early on cancellation.
final class Promise<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value?, Never>)
    case kept(Value)
    case abandoned
  }

  private let state = Mutex(State.open)

  /// - Returns: false if the awaiting task was cancelled.
  func keep(_ value: Value) -> Bool {
    let (waiting, isWanted): (CheckedContinuation<Value?, Never>?, Bool) = state.withLock { state in
      switch state {
      case .open, .kept:
        state = .kept(value)
        return (nil, true)
      case .awaited(let continuation):
        state = .kept(value)
        return (continuation, true)
      case .abandoned: return (nil, false)
      }
    }
    waiting?.resume(returning: value)
    return isWanted
  }

  /// The value, or nil if the awaiting task is cancelled first. May be awaited once.
  func value() async -> Value? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Value?? = state.withLock { state in
          switch state {
          case .kept(let value): return .some(value)
          case .abandoned: return .some(nil)
          case .open, .awaited:
            state = .awaited(continuation)
            return nil
          }
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiting: CheckedContinuation<Value?, Never>? = state.withLock { state in
        switch state {
        case .open:
          state = .abandoned
          return nil
        case .awaited(let continuation):
          state = .abandoned
          return continuation
        case .kept, .abandoned: return nil
        }
      }
      waiting?.resume(returning: nil)
    }
  }
}
