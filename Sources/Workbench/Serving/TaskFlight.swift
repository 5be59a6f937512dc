import Agents
import Findings
import Steering
import Synchronization

/// The work on one task, from its first call to its answer. Requests for the same task share one.
package final class TaskFlight: Sendable {
  /// How far the work is.
  package struct Progress: Sendable, Hashable {
    /// Answers of the policy so far, stored ones included.
    package var calls = 0
    /// How many of them were read from the store.
    package var storedCalls = 0
    /// Their tokens.
    package var usage = Usage()
    /// The most steps that an attempt has taken.
    package var steps = 0
  }

  /// The answer to a task, and what it took.
  package struct Landing: Sendable {
    /// The answer with its messages, and who chose it.
    package let chosen: ChosenAnswer
    /// What was used, stored answers included.
    package let progress: Progress
    /// The policy's price for that.
    package let cost: Double
    /// The attempts that failed.
    package let failedAttempts: FailedAttempts
    /// From the first call to the answer.
    package let seconds: Double
  }

  /// How it ended.
  package typealias Result = Swift.Result<Landing, SteeringError>

  package let task: AgentTask
  /// The run under which its answers are stored.
  package let run: String

  private struct State {
    var progress = Progress()
    var result: Result?
    var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  init(_ task: AgentTask, run: String) { (self.task, self.run) = (task, run) }

  /// How far the work is.
  package var progress: Progress { state.withLock(\.progress) }

  /// How it ended; nil while it goes on.
  package var result: Result? { state.withLock(\.result) }

  /// Whether an answer has come, or the end.
  package var hasBegun: Bool { state.withLock { $0.progress.calls > 0 || $0.result != nil } }

  /// An element after every change; it ends with the work.
  package var changes: AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    state.withLock { state in
      guard state.result == nil else { return continuation.finish() }
      let number = state.next
      state.next += 1
      state.listeners[number] = continuation
      continuation.onTermination = { [weak self] _ in
        // On a thread of its own, since the listener may be ended under the lock.
        Task { self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) } }
      }
    }
    return stream
  }

  /// Waits for the end.
  package func landed() async -> Result {
    for await _ in changes {}
    // Only a cancelled waiter gets here before the end.
    return result ?? .failure(SteeringError(.interrupted, "The request was cancelled."))
  }

  func note(_ event: CallEvent) {
    let listeners = state.withLock { state in
      state.progress.calls += 1
      state.progress.storedCalls += event.isStored ? 1 : 0
      state.progress.usage += event.usage
      state.progress.steps = max(state.progress.steps, event.key.step + 1)
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.yield() }
  }

  func land(_ result: Result) {
    let listeners = state.withLock { state in
      state.result = state.result ?? result
      defer { state.listeners = [:] }
      return Array(state.listeners.values)
    }
    for listener in listeners {
      listener.yield()
      listener.finish()
    }
  }
}
