import Agents
import Dispatch
import Foundation
import Steering
import Workbench

/// Reports the work of a workbench on standard error: progress, remarks, and interrupts.
struct TerminalObserver: WorkObserver {
  /// Suppresses progress and remarks, but not warnings.
  let isQuiet: Bool

  func note(_ text: String) { if !isQuiet { Console.note(text) } }

  func warn(_ text: String) { Console.note(text) }

  func begin(_ title: String, tasks: Int, calls: Int, pricing: Pricing) -> any TaskProgress {
    TaskMeter(title, tasks: tasks, calls: calls, pricing: pricing, quiet: isQuiet)
  }

  func begin(_ title: String, steps: Int, unit: String) -> any StepProgress {
    StepMeter(title, of: steps, unit: unit, quiet: isQuiet)
  }

  /// SIGINT, SIGTERM and SIGHUP ask for an orderly end. A second signal ends the process at once.
  func stoppable<T>(
    _ remark: String, stop: @escaping @Sendable () -> Void, _ body: () async throws -> T
  ) async throws -> T {
    let queue = DispatchQueue(label: "interrupts")
    // SIGHUP counts as an interrupt, unless the process was started to ignore it (`nohup`).
    let hangUp = signal(SIGHUP, SIG_IGN)
    let isIgnored = unsafeBitCast(hangUp, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    let numbers = isIgnored ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
    let sources = numbers.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      nonisolated(unsafe) var count = 0
      source.setEventHandler {
        // Accessed only on `queue`.
        count += 1
        if count > 1 { exit(ExitStatus.failed) }
        Console.note("\n\(remark)")
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
}
