import Dispatch
import Foundation
import Steering

/// Ends a run in order on Ctrl-C or a polite kill: calls in flight finish and are stored, nothing new is asked. A second
/// Ctrl-C ends the process at once.
func withInterrupts<T>(stopping budget: Budget, _ body: () async throws -> T) async throws -> T {
  try await withInterrupts(
    saying: "Stopping: calls in flight are finished and stored. Once more to stop at once.",
    stop: {
      Task { await budget.stop("Stopped. Run the same command to continue: nothing stored is asked for again.") }
    }, body)
}

/// Cancels what has no answers to save, so that it closes what it opened.
func cancellingOnInterrupt<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
  let work = Task { try await body() }
  return try await withInterrupts(
    saying: "Stopping: what is open is closed. Once more to stop at once.", stop: { work.cancel() },
    { try await work.value })
}

private func withInterrupts<T>(
  saying note: String, stop: @escaping @Sendable () -> Void, _ body: () async throws -> T
) async throws -> T {
  let queue = DispatchQueue(label: "interrupts")
  // A terminal that goes away is one, unless the run was told not to mind (`nohup`).
  let hangUp = signal(SIGHUP, SIG_IGN)
  let isDeaf = unsafeBitCast(hangUp, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  let numbers = isDeaf ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
  let sources = numbers.map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
    nonisolated(unsafe) var count = 0
    source.setEventHandler {
      // Only ever on `queue`.
      count += 1
      if count > 1 { exit(ExitStatus.failed) }
      Console.note("\n\(note)")
      stop()
    }
    source.resume()
    return source
  }
  defer {
    for source in sources { source.cancel() }
    for number in numbers { signal(number, SIG_DFL) }
  }
  return try await body()
}
